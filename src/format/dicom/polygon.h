/* Closed polygons onto the pixels of a plane, by the even-odd rule. */
#ifndef TOME_FORMAT_DICOM_POLYGON_H
#define TOME_FORMAT_DICOM_POLYGON_H

#include <stddef.h>
#include <stdint.h>

/* Turns over every pixel of `plane` (rows x columns bytes, 0 or 1) whose centre is inside the polygon, so that a hole's contour cuts out of
 * the one around it. Points are (y, x) in pixels, the centre of pixel (0, 0) at (0, 0). A centre on an edge is inside where the edge is the
 * polygon's left or upper one, and outside where it is the right or lower one: polygons that share an edge share no pixel. `crossings` is
 * scratch of the plane's size, zeroed, and zeroed again on return. */
void tome_polygon_turn(const double (*points)[2], size_t count, int64_t rows, int64_t columns, uint8_t *crossings,
                       uint8_t *plane);

#endif
