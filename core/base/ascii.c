/* Letters from U+00C0 to U+017F (Latin-1, Latin Extended-A) without their accents, and the
 * punctuation of texts in those alphabets. */
#include "core/base/ascii.h"

#include <stdint.h>
#include <string.h>

#define FIRST_LETTER 0xc0

/* clang-format off */
static const char letters[] =
	"A A A A A A AE C E E E E I I I I D N O O O O O x O U U U U Y Th "
	"ss a a a a a a ae c e e e e i i i i d n o o o o o / o u u u u y "
	"th y A a A a A a C c C c C c C c D d D d E e E e E e E e E e G g "
	"G g G g G g H h H h I i I i I i I i I i IJ ij J j K k k L l L l L "
	"l L l L l N n N n N n 'n N n O o O o O o OE oe R r R r R r S s S "
	"s S s S s T t T t T t U u U u U u U u U u U u W w Y y Y Z z Z z Z "
	"z s ";

static const struct {
	uint32_t character;
	const char *ascii;
} signs[] = {
	{ 0xa0, " " },    { 0xa1, "" },     { 0xa9, "(c)" },  { 0xaa, "a" },     { 0xab, "\"" },
	{ 0xad, "" },     { 0xae, "(r)" },  { 0xb4, "'" },    { 0xb7, "." },     { 0xba, "o" },
	{ 0xbb, "\"" },   { 0xbf, "" },     { 0x2010, "-" },  { 0x2011, "-" },   { 0x2012, "-" },
	{ 0x2013, "-" },  { 0x2014, "-" },  { 0x2018, "'" },  { 0x2019, "'" },   { 0x201a, "'" },
	{ 0x201c, "\"" }, { 0x201d, "\"" }, { 0x201e, "\"" }, { 0x2022, "*" },   { 0x2026, "..." },
	{ 0x202f, " " },  { 0x2039, "'" },  { 0x203a, "'" },  { 0x20ac, "EUR" }, { 0x2192, "->" },
};
/* clang-format on */

/* The character at `*at`, which is moved behind it. */
static uint32_t next_character(const unsigned char **at)
{
	const unsigned char *c = *at;
	int more = *c >= 0xf0 ? 3 : *c >= 0xe0 ? 2 : *c >= 0xc0 ? 1 : 0;
	uint32_t character = more ? *c & (0x3fu >> more) : *c;
	c++;
	for (; more && *c; more--)
		character = character << 6 | (*c++ & 0x3f);
	*at = c;
	return character;
}

static bool put_letter(uint32_t character, struct buf *out)
{
	const char *spelling = letters;
	if (character < FIRST_LETTER)
		return false;
	for (uint32_t i = FIRST_LETTER; i < character && *spelling; i++)
		spelling += strcspn(spelling, " ") + 1;
	buf_add(out, spelling, strcspn(spelling, " "));
	return *spelling != '\0';
}

bool ascii_spell(const char *text, struct buf *out)
{
	const unsigned char *at = (const unsigned char *)text;
	while (*at) {
		uint32_t character = next_character(&at);
		size_t i = 0;
		if (character < 0x80) {
			buf_putc(out, (char)character);
			continue;
		}
		/* an accent that follows its letter */
		if (character >= 0x300 && character <= 0x36f)
			continue;
		while (i < ARRAY_LEN(signs) && signs[i].character != character)
			i++;
		if (i < ARRAY_LEN(signs))
			buf_puts(out, signs[i].ascii);
		else if (!put_letter(character, out))
			return false;
	}
	return true;
}
