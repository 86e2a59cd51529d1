/* Colours that the colour-blind tell apart: M. Okabe and K. Ito, "Color Universal Design" (2008), without its black. */
#include "render/render.h"

const tome_rgb tome_okabe_ito[7] = {{230, 159, 0}, {86, 180, 233}, {0, 158, 115},  {240, 228, 66},
                                    {0, 114, 178}, {213, 94, 0},   {204, 121, 167}};

static tome_rgb toward(tome_rgb c, uint8_t gray) {
  return (tome_rgb){(uint8_t)((c.r + gray) / 2), (uint8_t)((c.g + gray) / 2), (uint8_t)((c.b + gray) / 2)};
}

/* The first ones are those that stand out most from gray: sky blue, orange, green, yellow, vermillion, purple, blue. */
tome_rgb tome_label_colour(size_t i) {
  static const uint8_t order[7] = {1, 0, 2, 3, 5, 6, 4};
  const tome_rgb c = tome_okabe_ito[order[i % 7]];
  switch (i / 7 % 3) {
    case 0:
      return c;
    case 1:
      return toward(c, 255);
    default:
      return toward(c, 60);
  }
}

const tome_theme *tome_theme_of(bool light) {
  static const tome_theme dark = {{17, 19, 23}, {236, 238, 241}, {150, 157, 167}, {52, 57, 65}, {44, 48, 55}};
  static const tome_theme bright = {{255, 255, 255}, {24, 27, 31}, {94, 101, 110}, {222, 225, 229}, {200, 204, 210}};
  return light ? &bright : &dark;
}

tome_window tome_window_or(const tome_window *w, const tome_intensity *i) {
  if (w && w->width > 0) return *w;
  tome_window out = tome_window_percentile(i);
  if (!(out.width > 0)) out = tome_window_minmax(i);
  if (!(out.width > 0)) out.width = 1;
  if (!(out.level == out.level)) out.level = 0;
  return out;
}
