/* core/mta/engine/told.c: the table told. */
#include "core/mta/engine/told.h"

int told_read(struct store *target, const struct plan *plan, bool *ret_is_told,
              struct err *err)
{
	int rc = 0;

	for (size_t i = 0; target && i < plan->notes && rc >= 0; i++) {
		int64_t one;

		rc = store_get_int(target, &one, err, "SELECT 1 FROM told WHERE note = ?",
		                   "t", plan->note[i].text);
		ret_is_told[i] = rc == 1;
	}
	return rc < 0 ? rc : 0;
}

int told_write(struct store *target, const struct plan *plan, const bool *is_told,
               struct err *err)
{
	int rc = store_exec(target, err, "DELETE FROM told", "");

	for (size_t i = 0; i < plan->notes && !rc; i++)
		if (is_told[i])
			rc = store_exec(target, err,
			                "INSERT OR IGNORE INTO told (note) VALUES (?)",
			                "t", plan->note[i].text);
	return rc;
}
