// Checks the GPIO shim against a real kernel's gpio-sim. Runs in the machine of gpio-shim.sh.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "CGpiod.h"

static int failures;

static void check(int holds, const char *what) {
    if (!holds) failures++;
    int reason = errno;
    printf("%s: %s", holds ? "ok" : "FAIL", what);
    if (!holds) printf(" (errno %d, %s)", reason, strerror(reason));
    printf("\n");
    fflush(stdout);
}

// Does what a hand or a cable would do, in the words of the machine's hw.sh.
static int world(const char *deed) {
    char command[256];
    snprintf(command, sizeof command, ". /lib/hw.sh; %s", deed);
    int status = system(command);
    if (status == -1) exit(98);
    return status == 0;
}

static int level(int offset) {
    char deed[64];
    snprintf(deed, sizeof deed, "test \"$(gpio_value sim0 %d)\" = 1", offset);
    return world(deed);
}

static struct gpiod_chip *chip_labelled(const char *label, int *number) {
    for (int i = 0; i < 16; i++) {
        char path[32], text[64];
        snprintf(path, sizeof path, "/dev/gpiochip%d", i);
        struct gpiod_chip *chip = tidegate_gpio_open_chip(path);
        if (!chip) continue;
        if (tidegate_gpio_chip_label(chip, text, sizeof text) == 0 && strcmp(text, label) == 0) {
            *number = i;
            return chip;
        }
        tidegate_gpio_close_chip(chip);
    }
    return NULL;
}

static struct gpiod_chip *relays(void) {
    int number;
    struct gpiod_chip *chip = chip_labelled("edge-relays", &number);
    if (!chip) {
        printf("FAIL: no chip is labelled edge-relays\n");
        exit(1);
    }
    return chip;
}

static struct tidegate_gpio_line *output(
    int offset, bool active_low, tidegate_gpio_drive drive, tidegate_gpio_initial initial) {
    return tidegate_gpio_request_output(relays(), offset, "tidegate", active_low, drive, initial);
}

static struct tidegate_gpio_line *input(int offset, bool active_low, tidegate_gpio_bias bias,
                                        uint32_t debounce_microseconds) {
    return tidegate_gpio_request_input(
        relays(), offset, "tidegate", active_low, bias, debounce_microseconds);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static short poll_events(struct tidegate_gpio_line *line, int milliseconds) {
    struct pollfd waiting = {.fd = tidegate_gpio_descriptor(line), .events = POLLIN};
    return poll(&waiting, 1, milliseconds) > 0 ? waiting.revents : 0;
}

// Settles what is still on its way through a slow machine, then takes everything.
static int take(struct tidegate_gpio_line *line, struct tidegate_gpio_edge *edges) {
    usleep(300000);
    return tidegate_gpio_take_edges(line, edges, 64);
}

static void names_and_labels(void) {
    struct gpiod_chip *chip = relays();
    char text[64];
    check(tidegate_gpio_line_count(chip) == 8, "the chip has 8 lines");
    check(tidegate_gpio_line_name(chip, 4, text, sizeof text) == 0 && !strcmp(text, "relay0"),
          "line 4 is named relay0");
    check(tidegate_gpio_line_name(chip, 5, text, sizeof text) == 0 && !strcmp(text, ""),
          "line 5 has no name");
    check(tidegate_gpio_line_name(chip, 99, text, sizeof text) == -1, "line 99 is refused");
    tidegate_gpio_close_chip(chip);
    check(!tidegate_gpio_open_chip("/dev/null"), "/dev/null is no chip");
}

static void outputs(void) {
    struct tidegate_gpio_line *line =
        output(4, false, TIDEGATE_GPIO_PUSH_PULL, TIDEGATE_GPIO_ACTIVE);
    check(line && level(4), "an output is high from its request on");
    check(tidegate_gpio_get(line) == 1, "it reads back active");
    check(tidegate_gpio_set(line, false) == 0 && !level(4), "it can be set low");
    check(tidegate_gpio_get(line) == 0, "it reads back inactive");
    check(tidegate_gpio_descriptor(line) == -1, "an output has no descriptor");

    struct gpiod_chip *chip = relays();
    char text[64];
    errno = 0;
    check(!tidegate_gpio_request_output(
              chip, 4, "second", false, TIDEGATE_GPIO_PUSH_PULL, TIDEGATE_GPIO_ACTIVE)
              && errno == EBUSY,
          "a second request of the line is EBUSY");
    check(tidegate_gpio_line_consumer(chip, 4, text, sizeof text) == 0 && !strcmp(text, "tidegate"),
          "the consumer of the busy line is known");
    tidegate_gpio_close_chip(chip);
    tidegate_gpio_close_line(line);

    line = output(4, true, TIDEGATE_GPIO_PUSH_PULL, TIDEGATE_GPIO_INACTIVE);
    check(line && level(4), "an active-low output that is inactive is high");
    check(tidegate_gpio_set(line, true) == 0 && !level(4), "and low when active");
    tidegate_gpio_close_line(line);

    // A drive does not show on gpio-sim's voltage; that the kernel takes it is what is checked.
    line = output(4, false, TIDEGATE_GPIO_OPEN_DRAIN, TIDEGATE_GPIO_INACTIVE);
    check(line && tidegate_gpio_get(line) == 0, "open drain is taken");
    if (line) tidegate_gpio_close_line(line);
    line = output(4, false, TIDEGATE_GPIO_OPEN_SOURCE, TIDEGATE_GPIO_ACTIVE);
    check(line && tidegate_gpio_get(line) == 1, "open source is taken");
    if (line) tidegate_gpio_close_line(line);
}

static void kept_outputs(void) {
    for (int high = 0; high < 2; high++)
        for (int active_low = 0; active_low < 2; active_low++) {
            world(high ? "gpio_level sim0 6 1" : "gpio_level sim0 6 0");
            struct tidegate_gpio_line *line =
                output(6, active_low, TIDEGATE_GPIO_PUSH_PULL, TIDEGATE_GPIO_KEEP);
            check(line && level(6) == high, high ? "a high line is kept high" : "a low line is kept low");
            check(line && tidegate_gpio_get(line) == (high != active_low), "and reads so");
            // Now an output: the world's pull must not move it any more.
            world(high ? "gpio_level sim0 6 0" : "gpio_level sim0 6 1");
            check(level(6) == high, "and drives that level itself");
            check(line && tidegate_gpio_set(line, high == active_low) == 0 && level(6) != high,
                  "and can be switched");
            if (line) tidegate_gpio_close_line(line);
        }
    world("gpio_level sim0 6 0");
    struct tidegate_gpio_line *line =
        output(6, false, TIDEGATE_GPIO_OPEN_DRAIN, TIDEGATE_GPIO_KEEP);
    check(line && tidegate_gpio_get(line) == 0, "an open drain line can be kept, too");
    if (line) tidegate_gpio_close_line(line);
}

static void inputs(void) {
    struct tidegate_gpio_edge edges[64];
    world("gpio_level sim0 0 0");
    struct tidegate_gpio_line *line = input(0, false, TIDEGATE_GPIO_BIAS_AS_IS, 0);
    check(line && tidegate_gpio_get(line) == 0, "an input reads low");
    check(!tidegate_gpio_debounces(line), "without a debounce time nobody debounces");
    check(tidegate_gpio_take_edges(line, edges, 64) == 0, "no edges wait, and nothing blocks");
    int64_t before = now();
    world("gpio_level sim0 0 1");
    check(poll_events(line, 5000) == POLLIN, "its descriptor becomes readable");
    int64_t after = now();
    int count = take(line, edges);
    check(count == 1 && edges[0].is_active, "one rising edge");
    check(edges[0].nanoseconds >= before && edges[0].nanoseconds <= after,
          "dated on CLOCK_MONOTONIC");
    check(tidegate_gpio_get(line) == 1, "it reads high");
    world("gpio_level sim0 0 0; gpio_level sim0 0 1; gpio_level sim0 0 0");
    count = take(line, edges);
    check(count == 3 && !edges[0].is_active && edges[1].is_active && !edges[2].is_active,
          "three edges in their order");
    check(poll_events(line, 0) == 0, "the descriptor is quiet again");
    world("for i in $(seq 20); do gpio_level sim0 0 1; gpio_level sim0 0 0; done");
    count = take(line, edges);
    printf("of 40 edges that nobody took, %d were kept\n", count);
    check(count == 16 || count == 40, "16 (1.x) or all 40 (2.x) edges are kept");
    check(tidegate_gpio_take_edges(line, edges, 64) == 0, "all were taken at once");
    tidegate_gpio_close_line(line);

    line = input(0, true, TIDEGATE_GPIO_BIAS_AS_IS, 0);
    check(line && tidegate_gpio_get(line) == 1, "an active-low input that is low is active");
    world("gpio_level sim0 0 1");
    count = take(line, edges);
    check(count == 1 && !edges[0].is_active, "its rising voltage is an edge to inactive");
    tidegate_gpio_close_line(line);

    line = input(0, false, TIDEGATE_GPIO_BIAS_PULL_UP, 0);
    check(line && tidegate_gpio_get(line) == 1, "a pull-up is asked for and works");
    if (line) tidegate_gpio_close_line(line);
    line = input(0, false, TIDEGATE_GPIO_BIAS_PULL_DOWN, 0);
    check(line && tidegate_gpio_get(line) == 0, "and a pull-down");
    if (line) tidegate_gpio_close_line(line);
}

static void debounced_inputs(void) {
    struct tidegate_gpio_edge edges[64];
    world("gpio_level sim0 0 0");
    const int64_t debounce = 2000000000;  // long, because the machine is slow
    struct tidegate_gpio_line *line =
        input(0, false, TIDEGATE_GPIO_BIAS_AS_IS, (uint32_t)(debounce / 1000));
    bool by_kernel = tidegate_gpio_debounces(line);
    check(line && by_kernel == (tidegate_gpio_version()[0] != '1'), "2.x debounces, 1.x does not");
    world("for i in 1 0 1 0 1 0 1 0 1; do gpio_level sim0 0 $i; done");
    int64_t settled = now();
    if (by_kernel) check(tidegate_gpio_get(line) == 0, "the level is the debounced one");
    sleep(3);
    int count = take(line, edges);
    check(count == (by_kernel ? 1 : 9), "9 bounces are 1 edge under 2.x, 9 under 1.x");
    check(tidegate_gpio_get(line) == 1, "the level has settled");
    if (by_kernel)
        check(edges[0].nanoseconds > settled, "the kernel dates the end of the debounce time");
    printf("the edge is dated %lld ms after the last bounce, debounce time %lld ms\n",
           (long long)(edges[count - 1].nanoseconds - settled) / 1000000,
           (long long)debounce / 1000000);
    tidegate_gpio_close_line(line);
}

static void unplugging(void) {
    struct tidegate_gpio_edge edges[64];
    int before, after;
    struct tidegate_gpio_line *relay =
        output(4, false, TIDEGATE_GPIO_PUSH_PULL, TIDEGATE_GPIO_ACTIVE);
    struct tidegate_gpio_line *contact = input(0, false, TIDEGATE_GPIO_BIAS_AS_IS, 0);
    struct gpiod_chip *open = chip_labelled("edge-relays", &before);
    world("gpio_unplug sim0");
    errno = 0;
    check(tidegate_gpio_get(relay) == -1 && errno == ENODEV, "unplugged: get is ENODEV");
    errno = 0;
    check(tidegate_gpio_set(relay, false) == -1 && errno == ENODEV, "unplugged: set is ENODEV");
    short events = poll_events(contact, 1000);
    check(events && !(events & POLLIN), "unplugged: poll says HUP or ERR without IN");
    errno = 0;
    check(tidegate_gpio_take_edges(contact, edges, 64) == -1 && errno == ENODEV,
          "unplugged: taking edges is ENODEV");
    errno = 0;
    check(!tidegate_gpio_request_input(open, 1, "x", false, TIDEGATE_GPIO_BIAS_AS_IS, 0)
              && errno == ENODEV,
          "unplugged: a request is ENODEV");
    check(!chip_labelled("edge-relays", &after), "unplugged: no chip has the label");
    world("gpio_plug sim0");
    struct gpiod_chip *again = chip_labelled("edge-relays", &after);
    check(again != NULL, "replugged: the label is back");
    printf("it was gpiochip%d and is gpiochip%d\n", before, after);
    check(tidegate_gpio_get(relay) == -1, "replugged: the old line stays dead");
    if (again) tidegate_gpio_close_chip(again);
    struct tidegate_gpio_line *fresh =
        output(4, false, TIDEGATE_GPIO_PUSH_PULL, TIDEGATE_GPIO_ACTIVE);
    check(fresh && level(4), "replugged: a new request works");
    tidegate_gpio_close_line(relay);
    tidegate_gpio_close_line(contact);
    tidegate_gpio_close_chip(open);
    if (fresh) tidegate_gpio_close_line(fresh);
}

int main(void) {
    printf("libgpiod %s\n", tidegate_gpio_version());
    names_and_labels();
    outputs();
    kept_outputs();
    inputs();
    debounced_inputs();
    unplugging();
    printf("%d failures\n", failures);
    return failures != 0;
}
