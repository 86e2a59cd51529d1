/* guard.c - who is let in: a token in the path, the name under which the server was asked for, and from where. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "view/inside.h"

bool view_token_make(char out[VIEW_TOKEN + 1], tome_error *err) {
  uint8_t bytes[VIEW_TOKEN / 2];
  if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
    return view_fail(err, TOME_IO, "no random numbers for a token: %s", strerror(errno));
  for (size_t i = 0; i < sizeof bytes; i++) snprintf(out + 2 * i, 3, "%02x", bytes[i]);
  return true;
}

const char *view_past_token(const char *target, const char *token) {
  if (strnlen(target, VIEW_TOKEN + 2) < VIEW_TOKEN + 2 || target[0] != '/' || target[VIEW_TOKEN + 1] != '/')
    return NULL;
  volatile unsigned char differs = 0;
  for (size_t i = 0; i < VIEW_TOKEN; i++) differs = (unsigned char)(differs | (target[i + 1] ^ token[i]));
  return differs ? NULL : target + VIEW_TOKEN + 2;
}

/* "name:port" or, where the port is HTTP's own, "name". */
static bool is_at(const char *host, const char *name, int port) {
  const size_t n = strlen(name);
  if (strncasecmp(host, name, n) != 0) return false;
  char rest[16];
  snprintf(rest, sizeof rest, ":%d", port);
  return !strcmp(host + n, rest) || (port == 80 && !host[n]);
}

static bool is_bracketed_at(const char *host, const char *name, int port) {
  char text[80];
  const int n = snprintf(text, sizeof text, "[%s]", name);
  return n > 0 && (size_t)n < sizeof text && is_at(host, text, port);
}

/* An address in numbers needs no DNS: nobody can make it mean another computer. */
static bool is_number_at(const char *host, int port) {
  char name[INET6_ADDRSTRLEN + 8];
  struct in_addr four;
  struct in6_addr six;
  const char *end = strrchr(host, ':');
  const size_t n = end && !strchr(end, ']') ? (size_t)(end - host) : strlen(host);
  if (n >= sizeof name || n < 2) return false;
  memcpy(name, host, n);
  name[n] = '\0';
  if (name[0] != '[') return inet_pton(AF_INET, name, &four) == 1 && is_at(host, name, port);
  if (name[n - 1] != ']') return false;
  name[n - 1] = '\0';
  return inet_pton(AF_INET6, name + 1, &six) == 1 && is_bracketed_at(host, name + 1, port);
}

bool view_host_is_ours(const view_names *names, const char *host) {
  if (!host) return false;
  if (is_at(host, "127.0.0.1", names->port) || is_at(host, "localhost", names->port) ||
      is_at(host, "[::1]", names->port) || is_at(host, names->host, names->port) ||
      is_bracketed_at(host, names->host, names->port))
    return true;
  return names->machine && (is_at(host, names->machine, names->port) || is_number_at(host, names->port));
}

bool view_origin_is_ours(const char *origin, const char *host) {
  static const char scheme[] = "http://";
  return !origin || (!strncmp(origin, scheme, sizeof scheme - 1) && !strcasecmp(origin + sizeof scheme - 1, host));
}

bool view_fetch_is_ours(bool page, const char *site, const char *mode, const char *dest) {
  if (!site || !strcmp(site, "same-origin") || !strcmp(site, "none")) return true;
  return page && mode && !strcmp(mode, "navigate") && dest && !strcmp(dest, "document");
}
