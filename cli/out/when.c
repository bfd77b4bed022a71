/* Dates and times through strptime().  It accepts dates that do not exist (31 February); converting
 * the result back detects them. */
#include "cli/out/when.h"

#include <string.h>
#include <time.h>

#include "core/base/text.h"

static const struct form {
	const char *format;
	int64_t span; /* seconds that the word means */
	bool is_utc;
} forms[] = {
	{ "%Y-%m-%d", 86400, false },      { "%Y-%m-%d %H:%M", 60, false },
	{ "%Y-%m-%dT%H:%M", 60, false },   { "%Y-%m-%d %H:%M:%S", 1, false },
	{ "%Y-%m-%dT%H:%M:%S", 1, false }, { "%Y-%m-%dT%H:%M:%SZ", 1, true },
};

static bool parse_form(const char *text, const struct form *form, struct tm *ret_parts,
                       int64_t *ret_time)
{
	struct tm parts = { .tm_isdst = -1 };
	const char *end = strptime(text, form->format, &parts);
	if (!end || *end)
		return false;
	struct tm same = parts;
	time_t at = form->is_utc ? timegm(&same) : mktime(&same);
	if (same.tm_mday != parts.tm_mday || same.tm_mon != parts.tm_mon)
		return false;
	*ret_time = (int64_t)at;
	*ret_parts = parts;
	return true;
}

/* The last second of the day, also of a day of 23 or 25 hours. */
static int64_t last_second(int64_t at, const struct tm *parts, const struct form *form)
{
	if (form->span != 86400)
		return at + form->span - 1;
	struct tm next = *parts;
	next.tm_mday++;
	next.tm_isdst = -1;
	return (int64_t)mktime(&next) - 1;
}

int when_parse(const char *text, int64_t now, bool is_end, const char *option,
               int64_t *ret_time, struct err *err)
{
	int64_t seconds;
	if (text_to_duration(text, &seconds)) {
		*ret_time = now - seconds;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct tm parts;
		int64_t at = 0;
		if (!parse_form(text, &forms[i], &parts, &at))
			continue;
		*ret_time = is_end ? last_second(at, &parts, &forms[i]) : at;
		return 0;
	}
	return err_set(err, ERR_USAGE,
	               _("%s must be a date such as 2026-11-01, a date and time such "
	                 "as \"2026-11-01 14:30\", or a duration such as 7d, not "
	                 "\"%s\""),
	               option, text);
}
