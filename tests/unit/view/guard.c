/* Who the viewer lets in: each rule with what must pass and what must not. */
#include "test.h"
#include "view/inside.h"

static const char token[] = "0123456789abcdef0123456789abcdef";

static void test_tokens_differ(void) {
  char list[64][VIEW_TOKEN + 1];
  tome_error err = {0};
  for (int i = 0; i < 64; i++) {
    CHECK(view_token_make(list[i], &err));
    CHECK(strlen(list[i]) == VIEW_TOKEN && strspn(list[i], "0123456789abcdef") == VIEW_TOKEN);
    for (int k = 0; k < i; k++) CHECK(strcmp(list[i], list[k]) != 0);
  }
  for (int at = 0; at < VIEW_TOKEN; at++) { /* no digit is always the same */
    int same = 0;
    for (int i = 1; i < 64; i++) same += list[i][at] == list[0][at];
    CHECK(same < 30);
  }
}

static void test_path_behind_the_token(void) {
  char target[256];
  snprintf(target, sizeof target, "/%s/", token);
  CHECK_TEXT(view_past_token(target, token), "");
  snprintf(target, sizeof target, "/%s/api/box?id=a/b", token);
  CHECK_TEXT(view_past_token(target, token), "api/box?id=a/b");
  for (int at = 0; at < VIEW_TOKEN; at++) { /* one digit wrong, wherever it is */
    snprintf(target, sizeof target, "/%s/", token);
    target[1 + at] = target[1 + at] == '0' ? '1' : '0';
    CHECK(view_past_token(target, token) == NULL);
  }
  static const char *const wrong[] = {"",
                                      "/",
                                      "//",
                                      "/view.html",
                                      "/0123456789abcdef0123456789abcdef",
                                      "*",
                                      "/0123456789abcdef0123456789abcde/",
                                      "/0123456789ABCDEF0123456789abcdef/",
                                      "//0123456789abcdef0123456789abcdef/",
                                      "/0123456789abcdef0123456789abcdef%2f",
                                      "http://127.0.0.1:1/0123456789abcdef0123456789abcdef/",
                                      "/0123456789abcdef0123456789abcdef0/"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) CHECK(view_past_token(wrong[i], token) == NULL);
}

static void test_host(void) {
  const view_names local = {.host = "127.0.0.1", .port = 8765};
  static const char *const good[] = {"127.0.0.1:8765", "localhost:8765", "LocalHost:8765", "[::1]:8765"};
  static const char *const bad[] = {"",
                                    "127.0.0.1",
                                    "localhost",
                                    "localhost:8766",
                                    "localhost:87650",
                                    "127.0.0.1:8765.evil.example",
                                    "evil.example",
                                    "evil.example:8765",
                                    "localhost.evil.example:8765",
                                    "127.0.0.1:08765",
                                    "127.0.0.2:8765",
                                    "[::1]",
                                    "::1:8765",
                                    "127.0.0.1:8765 ",
                                    "0.0.0.0:8765",
                                    "192.168.1.2:8765",
                                    "a@127.0.0.1:8765",
                                    "[::1]:8765]",
                                    ":8765",
                                    "[",
                                    "[]:8765"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) CHECK(view_host_is_ours(&local, good[i]));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(!view_host_is_ours(&local, bad[i]));
  CHECK(!view_host_is_ours(&local, NULL));
  const view_names standard = {.host = "127.0.0.1", .port = 80}; /* browsers leave HTTP's own port out */
  CHECK(view_host_is_ours(&standard, "localhost") && view_host_is_ours(&standard, "localhost:80"));
  const view_names named = {.host = "10.1.2.3", .port = 9};
  CHECK(view_host_is_ours(&named, "10.1.2.3:9") && !view_host_is_ours(&named, "10.1.2.4:9"));
  const view_names six = {.host = "fe80::1", .port = 9};
  CHECK(view_host_is_ours(&six, "[fe80::1]:9"));
}

/* Bound to all addresses, a server cannot know its own; but a number is nobody's name. */
static void test_host_everywhere(void) {
  const view_names all = {.host = "0.0.0.0", .machine = "workstation", .port = 9};
  CHECK(view_host_is_ours(&all, "workstation:9") && view_host_is_ours(&all, "192.168.1.2:9"));
  CHECK(view_host_is_ours(&all, "[2001:db8::7]:9"));
  CHECK(!view_host_is_ours(&all, "192.168.1.2:10") && !view_host_is_ours(&all, "rebind.example:9"));
  CHECK(!view_host_is_ours(&all, "192.168.1.2.nip.example:9") && !view_host_is_ours(&all, "[zz]:9"));
}

static void test_origin(void) {
  CHECK(view_origin_is_ours(NULL, "localhost:9"));
  CHECK(view_origin_is_ours("http://localhost:9", "localhost:9"));
  static const char *const bad[] = {"null",
                                    "",
                                    "http://evil.example",
                                    "https://localhost:9",
                                    "http://localhost:10",
                                    "http://localhost",
                                    "http://localhost:9/",
                                    "http://localhost:9.evil.example",
                                    "localhost:9",
                                    "http://127.0.0.1:9"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(!view_origin_is_ours(bad[i], "localhost:9"));
}

static void test_fetch(void) {
  CHECK(view_fetch_is_ours(false, NULL, NULL, NULL));
  CHECK(view_fetch_is_ours(false, "same-origin", "cors", "empty"));
  CHECK(view_fetch_is_ours(true, "none", "navigate", "document"));
  CHECK(view_fetch_is_ours(true, "cross-site", "navigate", "document")); /* a link in somebody's mail */
  CHECK(!view_fetch_is_ours(false, "cross-site", "navigate", "document"));
  CHECK(!view_fetch_is_ours(true, "cross-site", "navigate", "iframe"));
  CHECK(!view_fetch_is_ours(true, "cross-site", "no-cors", "image"));
  CHECK(!view_fetch_is_ours(true, "cross-site", NULL, NULL));
  CHECK(!view_fetch_is_ours(false, "same-site", "cors", "empty")); /* another port of this computer */
  CHECK(!view_fetch_is_ours(false, "whatever", "cors", "empty"));
}

TEST_MAIN(test_tokens_differ, test_path_behind_the_token, test_host, test_host_everywhere, test_origin, test_fetch)
