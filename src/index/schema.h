/* The SQL of schema/index, embedded at build (embed.cmake). */
#ifndef TOME_INDEX_SCHEMA_H
#define TOME_INDEX_SCHEMA_H

/* 0001.sql, 0002.sql …: tome_schema_version of them, NUL-terminated. */
extern const char *const tome_schema_migrations[];
extern const int tome_schema_version;
/* cases.sql, with @columns and @joins still to fill in. */
extern const char *const tome_schema_view;

#endif
