/* Service discovery for C: the functions of kith/discovery.hpp with a stable binary interface.
 *
 * All texts are UTF-8 and end with a zero byte; those in an event live until the callback returns. Structures
 * that the library fills grow at their end only, and those that a program fills begin with their size, so
 * that a program built against an older header works with a newer library. Functions that make something
 * return NULL or 0 when they cannot, and then kith_error() says why. One thread at a time uses a
 * kith_discovery. Nothing blocks: see docs/library.md.
 */
#ifndef KITH_H
#define KITH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define KITH_API __attribute__((visibility("default")))
#else
#define KITH_API
#endif

#define KITH_ABI_VERSION 0

typedef struct kith_discovery kith_discovery;
/* Never 0, never used twice by one kith_discovery. */
typedef uint64_t kith_operation;

enum { KITH_ADDED = 0, KITH_CHANGED = 1, KITH_REMOVED = 2 };
enum { KITH_FAMILY_ANY = 0, KITH_FAMILY_IPV4 = 1, KITH_FAMILY_IPV6 = 2 };

typedef struct kith_options {
    size_t size;                    /* sizeof(kith_options) */
    const char* const* interfaces;  /* name patterns, a NULL at the end; NULL: all that are fit */
    int family;                     /* KITH_FAMILY_... */
    const char* server;             /* for domains other than local; NULL: resolv.conf's */
    const char* host_name;          /* first label of this machine's name; NULL: its host name */
} kith_options;

/* Of all events: `error` is NULL, or a sentence and nothing else is set. */
typedef struct kith_event {
    int change;       /* KITH_ADDED ... */
    int more_coming;  /* not 0: another event of the operation follows at once */
    uint32_t interface_index;
    const char* interface_name;
    const char* error;
} kith_event;

typedef struct kith_txt {
    const char* key;
    const char* value; /* NULL: no value (RFC 6763 §6.4); may hold zero bytes */
    size_t value_size;
} kith_txt;

typedef struct kith_browse_event {
    kith_event head;
    const char *instance, *type, *domain;
} kith_browse_event;

typedef struct kith_resolve_event {
    kith_event head;
    const char *instance, *type, *domain;
    const char* host;
    uint16_t port, priority, weight;
    size_t address_count;
    const char* const* addresses; /* "192.0.2.1", "fe80::1%2" */
    size_t txt_count;
    const kith_txt* txt;
} kith_resolve_event;

typedef struct kith_register_event {
    kith_event head;
    const char *instance, *type, *domain;
    int renamed;
} kith_register_event;

typedef struct kith_record_event {
    kith_event head;
    int is_absent; /* the owner of the name says that there is no such record */
    const char *name, *type, *text;
    uint32_t ttl;
    const uint8_t* rdata;
    size_t rdata_size;
} kith_record_event;

typedef struct kith_service {
    size_t size; /* sizeof(kith_service) */
    const char *instance, *type;
    const char *domain, *host; /* NULL: local, this machine */
    uint16_t port, priority, weight;
    const char* const* subtypes; /* a NULL at the end; NULL: none */
    const char* const* txt;      /* "key=value", a NULL at the end; NULL: none */
    int no_rename;               /* not 0: a name that is taken is an error */
} kith_service;

/* Opens sockets. NULL: kith_error(NULL) says why. */
KITH_API kith_discovery* kith_open(const kith_options* options);
/* Ends all operations. Say goodbye first: kith_shut_down(), then process until kith_is_quiet(). */
KITH_API void kith_close(kith_discovery* discovery);
/* Why the last call on it (NULL: the last kith_open() of this thread) failed; never NULL. */
KITH_API const char* kith_error(const kith_discovery* discovery);

KITH_API int kith_fd(const kith_discovery* discovery);         /* readable: call kith_process() */
KITH_API int kith_timeout_ms(const kith_discovery* discovery); /* for poll(); -1: no hurry */
KITH_API void kith_process(kith_discovery* discovery);         /* calls the callbacks; never waits */
KITH_API void kith_shut_down(kith_discovery* discovery);
KITH_API int kith_is_quiet(const kith_discovery* discovery);

KITH_API kith_operation kith_browse(kith_discovery* discovery, const char* type, const char* domain,
                                    void (*on_event)(const kith_browse_event*, void*), void* context);
KITH_API kith_operation kith_resolve(kith_discovery* discovery, const char* instance, const char* type, const char* domain,
                                     void (*on_event)(const kith_resolve_event*, void*), void* context);
KITH_API kith_operation kith_query(kith_discovery* discovery, const char* name, const char* type,
                                   void (*on_event)(const kith_record_event*, void*), void* context);
KITH_API kith_operation kith_register(kith_discovery* discovery, const kith_service* service,
                                      void (*on_event)(const kith_register_event*, void*), void* context);
/* 0: done; -1: not, see kith_error(). */
KITH_API int kith_update_txt(kith_discovery* discovery, kith_operation registration, const char* const* txt);
KITH_API void kith_reconfirm(kith_discovery* discovery, kith_operation operation);
/* No callback of it follows; unknown ones are ignored. */
KITH_API void kith_cancel(kith_discovery* discovery, kith_operation operation);

#ifdef __cplusplus
}
#endif

#endif
