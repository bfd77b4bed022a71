/*
 * From fields, many in one process: the parser's answers for another program's to be compared with.
 *
 *     from_ask <FIELDS
 *
 * A line of FIELDS is the value of one From field with \r, \n and \xHH as escapes.  For each, a line
 * comes out: the author domain, or "-" and the name of the fault.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "dnszone/dmarc/from_header.h"
#include "tests/unit/tsv.h"

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	while ((len = getline(&line, &room, stdin)) > 0) {
		auto_buf text = BUF_INIT;
		struct from_header from;
		len -= line[len - 1] == '\n';
		tsv_unescape(line, (size_t)len, &text);
		struct octets value = { buf_text(&text), text.len };
		from_header_parse(&value, 1, &from);
		if (from.fault == FROM_GOOD)
			printf("%s\n", from.domain);
		else
			printf("- %s\n", from_fault_name(from.fault));
	}
	free(line);
	return 0;
}
