/* listen.c - the socket: loopback unless told otherwise. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "view/inside.h"

static bool is_loopback(const struct sockaddr *a) {
  if (a->sa_family == AF_INET)
    return ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >> 24 == 127;
  return a->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

static bool is_everywhere(const struct sockaddr *a) {
  if (a->sa_family == AF_INET) return ((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr == INADDR_ANY;
  return a->sa_family == AF_INET6 &&
         IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

static int port_of(int fd) {
  struct sockaddr_storage a;
  socklen_t size = sizeof a;
  if (getsockname(fd, (struct sockaddr *)&a, &size) != 0) return 0;
  const in_port_t port = a.ss_family == AF_INET ? ((struct sockaddr_in *)(void *)&a)->sin_port
                                                : ((struct sockaddr_in6 *)(void *)&a)->sin6_port;
  return ntohs(port);
}

static bool open_at(view_server *v, const struct addrinfo *a, int port, tome_error *err) {
  const int yes = 1;
  v->socket = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
  if (v->socket < 0) return view_fail(err, TOME_IO, "no socket for %s: %s", v->host, strerror(errno));
  setsockopt(v->socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(v->socket, a->ai_addr, a->ai_addrlen) != 0 || listen(v->socket, 64) != 0) {
    if (errno == EADDRINUSE)
      return view_fail(err, TOME_IO, "port %d of %s is in use by another program; choose another, or leave --port out",
                       port, v->host);
    if (errno == EACCES)
      return view_fail(err, TOME_IO,
                       "port %d of %s is not for ordinary users; choose one above 1023, or leave --port out", port,
                       v->host);
    return view_fail(err, TOME_IO, "%s port %d: cannot be listened at: %s", v->host, port, strerror(errno));
  }
  v->names.port = port_of(v->socket);
  v->local = is_loopback(a->ai_addr);
  if (!is_everywhere(a->ai_addr)) return true;
  char name[256] = "";
  if (gethostname(name, sizeof name - 1) != 0 || !*name) snprintf(name, sizeof name, "localhost");
  v->machine = strdup(name);
  return v->machine || view_no_memory(err);
}

bool view_listen(view_server *v, int port, tome_error *err) {
  const struct addrinfo hints = {
      .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
  struct addrinfo *list = NULL;
  char text[16];
  snprintf(text, sizeof text, "%d", port);
  const int rc = getaddrinfo(v->host, text, &hints, &list);
  if (rc != 0)
    return view_fail(err, TOME_USAGE, "--host %s: is no address of this computer: %s", v->host, gai_strerror(rc));
  const bool ok = open_at(v, list, port, err);
  freeaddrinfo(list);
  return ok;
}
