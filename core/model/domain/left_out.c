/* Records of ours that are left out of a zone that has its own. */
#include "core/model/domain/left_out.h"

int left_out_reset(struct store *store, const char *name, const char *ref,
                   struct err *err)
{
	int r = store_exec(store, err,
	                   "UPDATE zone_look SET had = NULL WHERE name = ? AND ref = ?"
	                   " AND had IS NOT NULL",
	                   "tt", name, ref);
	return r < 0 ? r : store_changes(store) > 0;
}

int left_out_has(struct store *store, const char *name, const char *ref, struct err *err)
{
	int64_t there;
	return store_get_int(store, &there, err,
	                     "SELECT 1 FROM zone_look WHERE name = ? AND ref = ?"
	                     " AND had IS NOT NULL",
	                     "tt", name, ref);
}
