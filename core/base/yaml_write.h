/* core/base/yaml_write.h: YAML in block style, two blanks a level, that yaml.h reads back as it was. */
#ifndef CORE_BASE_YAML_WRITE_H
#define CORE_BASE_YAML_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

/* Characters beyond ASCII that a reader of YAML takes for line breaks or refuses (YAML 1.2 5.1, 5.4):
 * C1 controls, U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF.  How many octets it has, 0: none is at `text`. */
size_t yaml_special_at(const char *text, unsigned *ret_code) must_check;
/* A value alone, quoted and escaped where it needs to be; no line break behind it. */
void yaml_put_value(struct buf *into, const char *text);
/* "# text", a line. */
void yaml_put_comment(struct buf *into, unsigned level, const char *text);
/* "key:", for a list or map that follows one level deeper. */
void yaml_put_key(struct buf *into, unsigned level, const char *key);
/* "key: value".  A text is quoted and escaped where it needs to be; it must be UTF-8. */
void yaml_put_text(struct buf *into, unsigned level, const char *key, const char *text);
void yaml_put_bool(struct buf *into, unsigned level, const char *key, bool value);
void yaml_put_int(struct buf *into, unsigned level, const char *key, int64_t value);
/* "- value", a list's item. */
void yaml_put_item(struct buf *into, unsigned level, const char *text);

#endif
