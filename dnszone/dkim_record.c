/* The TXT data of a DKIM key (RFC 6376 3.6.1, RFC 8463 4). */
#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "dnszone/policy.h"

/* RFC 4648 4, with padding, without line breaks. */
static void put_base64(struct buf *out, const unsigned char *octets, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789+/";
	buf_reserve(out, (len + 2) / 3 * 4);
	for (size_t i = 0; i < len; i += 3) {
		size_t have = len - i;
		unsigned long group = (unsigned long)octets[i] << 16;
		if (have > 1)
			group |= (unsigned long)octets[i + 1] << 8;
		if (have > 2)
			group |= octets[i + 2];
		buf_putc(out, letters[group >> 18]);
		buf_putc(out, letters[group >> 12 & 63]);
		buf_putc(out, have > 1 ? letters[group >> 6 & 63] : '=');
		buf_putc(out, have > 2 ? letters[group & 63] : '=');
	}
}

char *dkim_record_text(const char *algorithm, const unsigned char *public_key, size_t len)
{
	auto_buf text = BUF_INIT;
	buf_printf(&text, "v=DKIM1; k=%s; p=", algorithm);
	if (public_key)
		put_base64(&text, public_key, len);
	return buf_take(&text);
}
