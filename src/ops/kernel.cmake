# The resampling kernel's sources, for ops.
set(TOME_KERNEL_SOURCES kernel.c kernel_axis.c kernel_line.c kernel_plan.c kernel_plane.c kernel_rows.c kernel_run.c
    spline_fit.c oblique.c)
