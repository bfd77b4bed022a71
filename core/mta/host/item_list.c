/* Lists of items. */
#include "core/mta/host/item_list.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

bool item_list_next(const char **at, struct buf *item)
{
	const char *c = *at + strspn(*at, ", \t\r\n");
	buf_clear(item);
	if (!*c) {
		*at = c;
		return false;
	}
	const char *begin = c;
	for (size_t level = 0; *c && (level > 0 || !strchr(", \t\r\n", *c)); c++) {
		if (*c == '{')
			level++;
		else if (*c == '}' && level > 0)
			level--;
	}
	*at = c;
	if (*begin == '{' && c[-1] == '}') {
		begin++;
		c--;
	}
	begin += strspn(begin, " \t\r\n");
	while (c > begin && isspace((unsigned char)c[-1]))
		c--;
	buf_add(item, begin, (size_t)(c - begin));
	return true;
}

bool item_list_has(const char *list, const char *word)
{
	auto_buf item = BUF_INIT;
	while (item_list_next(&list, &item))
		if (strcasecmp(buf_text(&item), word) == 0)
			return true;
	return false;
}
