/* Service discovery for C: the functions of kith/discovery.hpp with a stable binary interface.
 *
 * All texts are UTF-8 and end with a zero byte; those in an event live until the callback returns. Structures
 * that the library fills grow at their end only, and those that a program fills begin with their size, so
 * that a program built against an older header works with a newer library: what is added is as wide as a
 * pointer, and so never stands in what was padding. Functions that make something
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
/* Who asks the link: see Backend in kith/discovery.hpp. */
enum {
    KITH_BACKEND_AUTO = 0,
    KITH_BACKEND_MDNS = 1,
    KITH_BACKEND_AVAHI = 2,
    KITH_BACKEND_RESOLVED = 3,
    KITH_BACKEND_NONE = 4
};

typedef struct kith_options {
    size_t size;                    /* sizeof(kith_options) */
    const char* const* interfaces;  /* name patterns, a NULL at the end; NULL: all that are fit */
    int family;                     /* KITH_FAMILY_... */
    const char* server;             /* for domains other than local; NULL: resolv.conf's */
    const char* host_name;          /* first label of this machine's name; NULL: its host name */
    int backend;                    /* KITH_BACKEND_... */
} kith_options;

/* On which interface; of which family the addresses are that kith_resolve() tells. NULL stands for all. */
typedef struct kith_scope {
    uint32_t interface_index; /* 0: all */
    int family;               /* KITH_FAMILY_... */
} kith_scope;

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

typedef struct kith_type_event {
    kith_event head;
    const char *type, *domain;
} kith_type_event;

typedef struct kith_domain_event {
    kith_event head;
    const char* domain;
} kith_domain_event;

/* Who said what on the link; texts are empty and never NULL. */
typedef struct kith_monitor_event {
    const char* kind; /* "received", "sent", "conflict" ... */
    uint32_t interface_index;
    const char *interface_name, *peer, *name, *type, *why;
    const uint8_t* message; /* received, sent: the packet */
    size_t message_size;
} kith_monitor_event;

typedef struct kith_service {
    size_t size; /* sizeof(kith_service) */
    const char *instance, *type;
    const char *domain, *host; /* NULL: local, this machine */
    uint16_t port, priority, weight;
    const char* const* subtypes; /* a NULL at the end; NULL: none */
    const char* const* txt;      /* "key=value", a NULL at the end; NULL: none */
    int no_rename;               /* not 0: a name that is taken is an error */
    size_t name_only;            /* not 0: claims the name, is found by nobody */
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

/* "mdns", "avahi 0.8" ("avahi" until the daemon has answered), "systemd-resolved"; empty: nobody asks the
 * link. Valid until the next call. */
KITH_API const char* kith_backend(kith_discovery* discovery);
/* This machine's name on the link; empty while it has none. Valid until the next call. */
KITH_API const char* kith_host_name(kith_discovery* discovery);

/* `domain` NULL: local. */
KITH_API kith_operation kith_browse(kith_discovery* discovery, const char* type, const char* domain, const kith_scope* scope,
                                    void (*on_event)(const kith_browse_event*, void*), void* context);
KITH_API kith_operation kith_browse_types(kith_discovery* discovery, const char* domain, const kith_scope* scope,
                                          void (*on_event)(const kith_type_event*, void*), void* context);
/* `kind`: b (browse), db, r (register), dr, lb (RFC 6763 §11). */
KITH_API kith_operation kith_browse_domains(kith_discovery* discovery, const char* kind, const char* domain,
                                            const kith_scope* scope, void (*on_event)(const kith_domain_event*, void*),
                                            void* context);
KITH_API kith_operation kith_resolve(kith_discovery* discovery, const char* instance, const char* type, const char* domain,
                                     const kith_scope* scope, void (*on_event)(const kith_resolve_event*, void*),
                                     void* context);
KITH_API kith_operation kith_query(kith_discovery* discovery, const char* name, const char* type, const kith_scope* scope,
                                   void (*on_event)(const kith_record_event*, void*), void* context);
KITH_API kith_operation kith_register(kith_discovery* discovery, const kith_service* service, const kith_scope* scope,
                                      void (*on_event)(const kith_register_event*, void*), void* context);
/* An address under a name of its own, and its reverse name. */
KITH_API kith_operation kith_register_address(kith_discovery* discovery, const char* name, const char* address,
                                              void (*on_event)(const kith_register_event*, void*), void* context);
/* Everything that goes over the link, one at a time; a NULL function ends it. -1: not, see kith_error(). */
KITH_API int kith_monitor(kith_discovery* discovery, void (*on_event)(const kith_monitor_event*, void*), void* context);
/* 0: done; -1: not, see kith_error(). */
KITH_API int kith_update_txt(kith_discovery* discovery, kith_operation registration, const char* const* txt);
KITH_API void kith_reconfirm(kith_discovery* discovery, kith_operation operation);
/* No callback of it follows; unknown ones are ignored. */
KITH_API void kith_cancel(kith_discovery* discovery, kith_operation operation);

#ifdef __cplusplus
}
#endif

#endif
