/* core/mta/qmail/qmail_service.h: qmail as a service, which its administrator starts and stops. */
#ifndef CORE_MTA_QMAIL_QMAIL_SERVICE_H
#define CORE_MTA_QMAIL_QMAIL_SERVICE_H

#define QMAIL_SERVICE "qmail-send"

extern const struct service_kind qmail_service;

#endif
