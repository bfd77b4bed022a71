/* Base64, and as much DER (X.690) as a public key has. */
#include "dnszone/dkim/dkim_key.h"

#include <string.h>

/* ---- base64 ----------------------------------------------------------------------------------- */

static int value_of(char c)
{
	return c >= 'A' && c <= 'Z'   ? c - 'A'
	       : c >= 'a' && c <= 'z' ? c - 'a' + 26
	       : c >= '0' && c <= '9' ? c - '0' + 52
	       : c == '+'             ? 62
	       : c == '/'             ? 63
	                              : -1;
}

bool dkim_base64_read(struct octets text, unsigned char *out, size_t room,
                      size_t *ret_len)
{
	unsigned group = 0;
	size_t digits = 0, pads = 0, len = 0;
	*ret_len = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if (c && strchr(" \t\r\n", c))
			continue;
		int value = c == '=' ? 0 : value_of(c);
		pads += c == '=';
		/* padding ends the text, two at most */
		if (value < 0 || (pads && c != '=') || pads > 2)
			return false;
		group = group << 6 | (unsigned)value;
		if (++digits % 4)
			continue;
		for (size_t k = 0; k < 3 - pads; k++) {
			if (len == room)
				return false;
			out[len++] = (unsigned char)(group >> (16 - 8 * k) & 255);
		}
		*ret_len = len;
		group = 0;
	}
	return digits % 4 == 0;
}

bool dkim_base64_decode(const char *text, size_t len, struct buf *out)
{
	size_t more;
	buf_reserve(out, len / 4 * 3 + 1);
	bool is_good =
		dkim_base64_read((struct octets){ text, len },
	                         (unsigned char *)out->at + out->len, len / 4 * 3, &more);
	out->len += more;
	out->at[out->len] = '\0';
	return is_good;
}

/* ---- DER -------------------------------------------------------------------------------------- */

struct der {
	const unsigned char *at;
	size_t len;
};

enum {
	INTEGER = 0x02,
	BIT_STRING = 0x03,
	NULL_VALUE = 0x05,
	OID = 0x06,
	SEQUENCE = 0x30
};

/* Takes one value of the kind from the front of `from`. */
static bool take(struct der *from, unsigned char kind, struct der *ret_value)
{
	if (from->len < 2 || from->at[0] != kind)
		return false;
	size_t len = from->at[1], head = 2;
	if (len & 0x80) {
		size_t octets = len & 0x7f;
		if (octets == 0 || octets > 3 || from->len < 2 + octets)
			return false;
		len = 0;
		for (size_t i = 0; i < octets; i++)
			len = len << 8 | from->at[head++];
	}
	if (len > from->len - head)
		return false;
	*ret_value = (struct der){ from->at + head, len };
	from->at += head + len;
	from->len -= head + len;
	return true;
}

static unsigned bits_of(struct der number)
{
	while (number.len && !*number.at) {
		number.at++;
		number.len--;
	}
	unsigned bits = (unsigned)number.len * 8;
	for (unsigned mask = 0x80; number.len && mask && !(*number.at & mask); mask >>= 1)
		bits--;
	return bits;
}

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } */
static bool read_rsa(struct der from, unsigned *ret_bits)
{
	struct der pair, modulus, exponent;
	if (!take(&from, SEQUENCE, &pair) || from.len ||
	    !take(&pair, INTEGER, &modulus) || !take(&pair, INTEGER, &exponent) ||
	    pair.len || !bits_of(exponent))
		return false;
	*ret_bits = bits_of(modulus);
	return true;
}

static bool is_oid(struct der oid, const char *octets, size_t len)
{
	return oid.len == len && memcmp(oid.at, octets, len) == 0;
}

/* SubjectPublicKeyInfo ::= SEQUENCE { SEQUENCE { OID, NULL }, BIT STRING } (RFC 5280 4.1) */
static enum dkim_key_form read_spki(struct der from, unsigned *ret_bits)
{
	static const char rsa[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
	static const char ed25519[] = "\x2b\x65\x70";
	struct der whole, algorithm, oid, key;
	if (!take(&from, SEQUENCE, &whole) || from.len ||
	    !take(&whole, SEQUENCE, &algorithm) || !take(&algorithm, OID, &oid) ||
	    !take(&whole, BIT_STRING, &key) || whole.len || key.len < 1 || *key.at != 0)
		return DKIM_KEY_OTHER;
	struct der inner = { key.at + 1, key.len - 1 };
	if (is_oid(oid, ed25519, sizeof(ed25519) - 1))
		return DKIM_KEY_ED25519;
	return is_oid(oid, rsa, sizeof(rsa) - 1) && read_rsa(inner, ret_bits)
	               ? DKIM_KEY_RSA
	               : DKIM_KEY_OTHER;
}

enum dkim_key_form dkim_key_look(const unsigned char *octets, size_t len,
                                 unsigned *ret_bits)
{
	struct der all = { octets, len };
	*ret_bits = 0;
	return read_rsa(all, ret_bits) ? DKIM_KEY_PKCS1 : read_spki(all, ret_bits);
}
