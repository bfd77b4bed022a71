/* Selectors are made from dkim.selector; the setting's check makes one of sample values. */
#include "core/model/setting/selector_pattern.h"

#include <string.h>
#include <time.h>

#include "core/base/macro.h"

bool selector_pattern_has(const char *pattern, const char *placeholder)
{
	return strstr(pattern, placeholder) != NULL;
}

static int put_day(char letter, const struct tm *day, struct buf *out)
{
	switch (letter) {
	case 'Y':
		buf_printf(out, "%04d", day->tm_year + 1900);
		return 0;
	case 'm':
		buf_printf(out, "%02d", day->tm_mon + 1);
		return 0;
	case 'd':
		buf_printf(out, "%02d", day->tm_mday);
		return 0;
	default:
		return ERR_USAGE;
	}
}

/* Appends the value of the placeholder at `at`; its length, or 0: there is none of that name. */
static size_t put_named(const char *at, const struct selector_values *values,
                        const struct tm *day, struct buf *out)
{
	char date[16];
	strftime(date, sizeof(date), "%Y%m%d", day);
	const struct {
		const char *name, *value;
	} rows[] = {
		{ "{date}", date },
		{ "{algorithm}", values->algorithm },
		{ "{serial}", values->serial },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].name);
		if (strncmp(at, rows[i].name, len) != 0)
			continue;
		buf_puts(out, rows[i].value);
		return len;
	}
	return 0;
}

int selector_pattern_expand(const char *pattern, const struct selector_values *values,
                            struct buf *out, struct err *err)
{
	time_t seconds = (time_t)values->now;
	struct tm day;
	gmtime_r(&seconds, &day);
	for (const char *c = pattern; *c;) {
		size_t len = 1;
		if (*c == '%') {
			if (put_day(c[1], &day, out) < 0)
				return err_set(err, ERR_USAGE,
				               _("%% must be followed by Y, m or d, not "
				                 "by \"%s\""),
				               c + 1);
			len = 2;
		} else if (*c == '{') {
			len = put_named(c, values, &day, out);
			if (!len)
				return err_set(err, ERR_USAGE,
				               _("the placeholders are {date}, "
				                 "{algorithm} and {serial}, not \"%s\""),
				               c);
		} else {
			buf_putc(out, *c);
		}
		c += len;
	}
	return 0;
}
