// GPIO lines through libgpiod 1.6, 2.1 or 2.2, whichever the program is built against.
//
// One request is one line. Calls that fail answer NULL or -1 and leave the reason in errno, ENODEV
// when the chip has vanished. There are no locks: a chip or line has one owner at a time.
#ifndef TIDEGATE_CGPIOD_H
#define TIDEGATE_CGPIOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gpiod_chip;
struct tidegate_gpio_line;

typedef enum {
    TIDEGATE_GPIO_INACTIVE,
    TIDEGATE_GPIO_ACTIVE,
    TIDEGATE_GPIO_KEEP,  // the level that the line has
} tidegate_gpio_initial;

typedef enum {
    TIDEGATE_GPIO_PUSH_PULL,
    TIDEGATE_GPIO_OPEN_DRAIN,
    TIDEGATE_GPIO_OPEN_SOURCE,
} tidegate_gpio_drive;

typedef enum {
    TIDEGATE_GPIO_BIAS_AS_IS,
    TIDEGATE_GPIO_BIAS_DISABLED,
    TIDEGATE_GPIO_BIAS_PULL_UP,
    TIDEGATE_GPIO_BIAS_PULL_DOWN,
} tidegate_gpio_bias;

struct tidegate_gpio_edge {
    int64_t nanoseconds;  // CLOCK_MONOTONIC
    bool is_active;       // whether the line became active
};

// The library's own version: "1.6.3", "2.2.1".
const char *tidegate_gpio_version(void);

// Opens a node such as /dev/gpiochip0.
struct gpiod_chip *tidegate_gpio_open_chip(const char *path);
void tidegate_gpio_close_chip(struct gpiod_chip *chip);

// Each writes a text of less than `size` bytes, empty when there is none. 0 or -1.
int tidegate_gpio_chip_label(struct gpiod_chip *chip, char *text, size_t size);
int tidegate_gpio_line_name(struct gpiod_chip *chip, unsigned offset, char *text, size_t size);
int tidegate_gpio_line_consumer(struct gpiod_chip *chip, unsigned offset, char *text, size_t size);

int tidegate_gpio_line_count(struct gpiod_chip *chip);

// Claims a line. Its output takes on `initial` in the same call, or keeps its level throughout.
// On success the chip belongs to the line and must not be used any more.
struct tidegate_gpio_line *tidegate_gpio_request_output(
    struct gpiod_chip *chip, unsigned offset, const char *consumer, bool active_low,
    tidegate_gpio_drive drive, tidegate_gpio_initial initial);

// Claims a line that reports both edges. The chip as above.
struct tidegate_gpio_line *tidegate_gpio_request_input(
    struct gpiod_chip *chip, unsigned offset, const char *consumer, bool active_low,
    tidegate_gpio_bias bias, uint32_t debounce_microseconds);

void tidegate_gpio_close_line(struct tidegate_gpio_line *line);

// Whether the kernel applies the debounce time of the request. 1.x cannot ask it to.
bool tidegate_gpio_debounces(const struct tidegate_gpio_line *line);

// 1 active, 0 inactive, -1 error.
int tidegate_gpio_get(struct tidegate_gpio_line *line);
int tidegate_gpio_set(struct tidegate_gpio_line *line, bool is_active);

// Readable when edges wait. HUP or ERR without IN means that the chip has vanished; a poll that
// sleeps already is not woken by that.
int tidegate_gpio_descriptor(const struct tidegate_gpio_line *line);

// Takes waiting edges, oldest first, without blocking. How many, at most `capacity`; 0 for none.
int tidegate_gpio_take_edges(
    struct tidegate_gpio_line *line, struct tidegate_gpio_edge *edges, int capacity);

#endif
