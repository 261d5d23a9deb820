/* Asks the link for the addresses of a host, from C. */

#include <kith/kith.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>

static int found;

static void on_record(const kith_record_event* event, void* context) {
    (void)context;
    if (event->head.error != NULL || event->is_absent || event->head.change != KITH_ADDED) return;
    printf("%s %s %s on %s\n", event->name, event->type, event->text, event->head.interface_name);
    ++found;
}

int main(int argc, char** argv) {
    kith_options options;
    kith_discovery* discovery;
    int turns;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    discovery = kith_open(&options);
    if (discovery == NULL) {
        fprintf(stderr, "%s\n", kith_error(NULL));
        return 1;
    }
    if (kith_query(discovery, argc > 1 ? argv[1] : "printer.local", "A", NULL, on_record, NULL) == 0) {
        fprintf(stderr, "%s\n", kith_error(discovery));
        return 1;
    }
    for (turns = 0; turns < 40 && !found; ++turns) { /* two seconds */
        struct pollfd poll_for;
        int wait = kith_timeout_ms(discovery);
        poll_for.fd = kith_fd(discovery);
        poll_for.events = POLLIN;
        poll_for.revents = 0;
        poll(&poll_for, 1, wait < 0 || wait > 50 ? 50 : wait);
        kith_process(discovery);
    }
    kith_close(discovery);
    return found ? 0 : 1;
}
