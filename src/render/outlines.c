/* A program of the build: reads two faces of a TrueType font and prints the outlines of the letters that pictures need as C tables, in font units, so
 * that the library itself opens no font. */
#include <ft2build.h>
#include <stdio.h>
#include FT_FREETYPE_H
#include FT_OUTLINE_H

/* Code points: ASCII, Latin-1 and Latin Extended-A, and the signs that numbers need. */
static const struct {
  unsigned first, last;
} ranges[] = {{0x20, 0x7e},     {0xa0, 0x17f},    {0x2013, 0x2014}, {0x2018, 0x2019}, {0x201c, 0x201d},
              {0x2026, 0x2026}, {0x2190, 0x2193}, {0x2212, 0x2212}, {0x2264, 0x2265}, {0xfffd, 0xfffd}};

static long printed;

static void put(long a) { printf(++printed % 24 ? "%ld," : "%ld,\n", a); }

static int move(const FT_Vector *to, void *user) {
  (void)user;
  put(0), put(to->x), put(to->y);
  return 0;
}

static int line(const FT_Vector *to, void *user) {
  (void)user;
  put(1), put(to->x), put(to->y);
  return 0;
}

static int conic(const FT_Vector *control, const FT_Vector *to, void *user) {
  (void)user;
  put(2), put(control->x), put(control->y), put(to->x), put(to->y);
  return 0;
}

static int cubic(const FT_Vector *a, const FT_Vector *b, const FT_Vector *to, void *user) {
  (void)a, (void)b, (void)to, (void)user;
  return 1; /* TrueType has none */
}

static int print_face(FT_Library library, const char *path, const char *name) {
  static const FT_Outline_Funcs how = {move, line, conic, cubic, 0, 0};
  struct {
    unsigned code;
    long begin, end, advance;
  } glyphs[1024];
  FT_Face face;
  int count = 0;
  if (FT_New_Face(library, path, 0, &face)) return 1;
  printed = 0;
  printf("static const int16_t %s_paths[] = {\n", name);
  for (unsigned r = 0; r < sizeof ranges / sizeof *ranges; r++)
    for (unsigned c = ranges[r].first; c <= ranges[r].last; c++) {
      if (FT_Load_Char(face, c, FT_LOAD_NO_SCALE | FT_LOAD_NO_HINTING)) return 1;
      const long begin = printed;
      if (FT_Outline_Decompose(&face->glyph->outline, &how, NULL)) return 1;
      glyphs[count].code = c;
      glyphs[count].begin = begin;
      glyphs[count].end = printed;
      glyphs[count++].advance = face->glyph->advance.x;
    }
  printf("0};\nstatic const glyph %s_glyphs[] = {\n", name);
  for (int i = 0; i < count; i++)
    printf("{%u,%ld,%ld,%ld},\n", glyphs[i].code, glyphs[i].begin, glyphs[i].end, glyphs[i].advance);
  printf("};\nstatic const face %s = {%s_glyphs, %d, %s_paths, %d};\n", name, name, count, name, face->units_per_EM);
  FT_Done_Face(face);
  return 0;
}

int main(int argc, char **argv) {
  FT_Library library;
  if (argc != 3 || FT_Init_FreeType(&library)) return 1;
  const int bad = print_face(library, argv[1], "regular") || print_face(library, argv[2], "bold");
  FT_Done_FreeType(library);
  return bad;
}
