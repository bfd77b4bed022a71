/* core/model/record/record_present.h: the present record of a domain with a given id. */
#ifndef CORE_MODEL_RECORD_RECORD_PRESENT_H
#define CORE_MODEL_RECORD_RECORD_PRESENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/model/record/stored.h"
#include "core/store/store.h"

/* "t1" is the record of the template with that uid, "7" a row of the table. */
struct record_id {
	bool is_template;
	int64_t number;
};
/* ERR_USAGE: it is not an id. */
int record_id_parse(const char *text, struct record_id *ret_id,
                    struct err *err) must_check;

/* The present row, of the table or of the template. */
struct record_present {
	struct stored_record row; /* .id 0: no row yet; .owner NULL: no such record */
	struct stored_record of_template; /* zeroed: none, or not read */
	bool is_left_out; /* of a zone that has its own (first_look.h); row.rdata is NULL */
};
#define auto_record_present cleanup(record_present_done) struct record_present
void record_present_done(struct record_present *present);

/* Fills `present`, which was zeroed; without such a record, present->row.owner remains NULL. */
int record_present_look(struct store *store, const struct domain *domain,
                        struct record_id id, struct record_present *present,
                        struct err *err) must_check;
/* Only the template's record under an edit; it becomes the present one if present->row.owner is
 * NULL.  1: found; 0: none. */
int record_present_of_template(struct store *store, const struct domain *domain,
                               struct record_id id, struct record_present *present,
                               struct err *err) must_check;
/* The record with the id as it is typed.  ERR_MISSING: there is none. */
int record_present_find(struct store *store, const struct domain *domain,
                        const char *text, struct record_present *present,
                        struct err *err) must_check;

#endif
