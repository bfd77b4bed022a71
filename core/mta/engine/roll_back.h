/* core/mta/engine/roll_back.h: files and folders as they were after an earlier push. */
#ifndef CORE_MTA_ENGINE_ROLL_BACK_H
#define CORE_MTA_ENGINE_ROLL_BACK_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/mta/plan/step.h"

/* For step_type.roll_back. */
int roll_back_file(const struct roll_back *to, const struct step_row *row,
                   struct err *err) must_check;
int roll_back_folder(const struct roll_back *to, const struct step_row *row,
                     struct err *err) must_check;

/* Fails: the old content of the row's object was a secret that is not available.  `is_there`: it
 * contains another one. */
int roll_back_refuse_secret(const struct roll_back *to, const struct step_row *row,
                            bool is_there, struct err *err) must_check;

#endif
