/* core/model/domain/domain_inner.h: how domain_next() reads a row; for the files of this room. */
#ifndef CORE_MODEL_DOMAIN_DOMAIN_INNER_H
#define CORE_MODEL_DOMAIN_DOMAIN_INNER_H

/* A query about domains `d` begins with it. */
#define DOMAIN_COLUMNS                                                                       \
	"SELECT d.id, d.name, coalesce(d.alias_of, 0), m.name, d.suspended, d.template_rev," \
	" d.created FROM domain d LEFT JOIN domain m ON m.id = d.alias_of "

#endif
