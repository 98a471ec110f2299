#include "CGpiod.h"

#include <errno.h>
#include <gpiod.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

// Neither header has a version macro; these two were dropped in 2.0.
#if defined(GPIOD_LINE_BULK_MAX_LINES) || defined(GPIOD_API)
#define GPIOD_IS_1 1
#else
#define GPIOD_IS_1 0
#endif

// Edges that one call to the library hands over. The kernel keeps 16 of a line under 1.x.
enum { EDGES_AT_ONCE = 16 };

static int copy_text(const char *from, char *text, size_t size) {
    snprintf(text, size, "%s", from ? from : "");
    return 0;
}

// Whether edges wait: 1, 0, or -1 with ENODEV when the chip has vanished.
static int edges_wait(int descriptor) {
    struct pollfd waiting = {.fd = descriptor, .events = POLLIN | POLLPRI};
    int count = poll(&waiting, 1, 0);
    if (count <= 0) return count;
    if (waiting.revents & (POLLIN | POLLPRI)) return 1;
    errno = ENODEV;
    return -1;
}

struct gpiod_chip *tidegate_gpio_open_chip(const char *path) { return gpiod_chip_open(path); }

void tidegate_gpio_close_chip(struct gpiod_chip *chip) { gpiod_chip_close(chip); }

#if GPIOD_IS_1

// A bulk of one line, because gpiod_line_get_value() answers for a request's first line only.
struct tidegate_gpio_line {
    struct gpiod_chip *chip;
    struct gpiod_line_bulk bulk;
    bool has_edges;
};

const char *tidegate_gpio_version(void) { return gpiod_version_string(); }

int tidegate_gpio_chip_label(struct gpiod_chip *chip, char *text, size_t size) {
    return copy_text(gpiod_chip_label(chip), text, size);
}

int tidegate_gpio_line_count(struct gpiod_chip *chip) { return (int)gpiod_chip_num_lines(chip); }

// The chip caches its lines; an update asks the kernel.
static struct gpiod_line *updated_line(struct gpiod_chip *chip, unsigned offset) {
    struct gpiod_line *line = gpiod_chip_get_line(chip, offset);
    return line && gpiod_line_update(line) == 0 ? line : NULL;
}

int tidegate_gpio_line_name(struct gpiod_chip *chip, unsigned offset, char *text, size_t size) {
    struct gpiod_line *line = gpiod_chip_get_line(chip, offset);
    return line ? copy_text(gpiod_line_name(line), text, size) : -1;
}

int tidegate_gpio_line_consumer(struct gpiod_chip *chip, unsigned offset, char *text, size_t size) {
    struct gpiod_line *line = updated_line(chip, offset);
    return line ? copy_text(gpiod_line_consumer(line), text, size) : -1;
}

static struct tidegate_gpio_line *request(
    struct gpiod_chip *chip, unsigned offset, const struct gpiod_line_request_config *config,
    const int *value) {
    struct gpiod_line *line = gpiod_chip_get_line(chip, offset);
    struct tidegate_gpio_line *made = line ? calloc(1, sizeof *made) : NULL;
    if (!made) return NULL;
    made->chip = chip;
    gpiod_line_bulk_init(&made->bulk);
    gpiod_line_bulk_add(&made->bulk, line);
    made->has_edges = config->request_type == GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES;
    if (gpiod_line_request_bulk(&made->bulk, config, value) == 0) return made;
    free(made);
    return NULL;
}

struct tidegate_gpio_line *tidegate_gpio_request_output(
    struct gpiod_chip *chip, unsigned offset, const char *consumer, bool active_low,
    tidegate_gpio_drive drive, tidegate_gpio_initial initial) {
    int level_flags = active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0;
    int flags = level_flags;
    if (drive == TIDEGATE_GPIO_OPEN_DRAIN) flags |= GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN;
    if (drive == TIDEGATE_GPIO_OPEN_SOURCE) flags |= GPIOD_LINE_REQUEST_FLAG_OPEN_SOURCE;
    bool keeps = initial == TIDEGATE_GPIO_KEEP;
    struct gpiod_line_request_config config = {
        .consumer = consumer,
        .request_type =
            keeps ? GPIOD_LINE_REQUEST_DIRECTION_AS_IS : GPIOD_LINE_REQUEST_DIRECTION_OUTPUT,
        // The kernel takes a drive for explicit outputs only.
        .flags = keeps ? level_flags : flags,
    };
    int value = initial == TIDEGATE_GPIO_ACTIVE;
    struct tidegate_gpio_line *line = request(chip, offset, &config, &value);
    if (!line || !keeps) return line;
    value = tidegate_gpio_get(line);
    if (value >= 0
        && gpiod_line_set_config_bulk(
               &line->bulk, GPIOD_LINE_REQUEST_DIRECTION_OUTPUT, flags, &value) == 0)
        return line;
    int reason = errno;
    gpiod_line_release_bulk(&line->bulk);
    free(line);
    errno = reason;
    return NULL;
}

struct tidegate_gpio_line *tidegate_gpio_request_input(
    struct gpiod_chip *chip, unsigned offset, const char *consumer, bool active_low,
    tidegate_gpio_bias bias, uint32_t debounce_microseconds) {
    static const int bias_flags[] = {
        [TIDEGATE_GPIO_BIAS_AS_IS] = 0,
        [TIDEGATE_GPIO_BIAS_DISABLED] = GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE,
        [TIDEGATE_GPIO_BIAS_PULL_UP] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP,
        [TIDEGATE_GPIO_BIAS_PULL_DOWN] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN,
    };
    (void)debounce_microseconds;
    struct gpiod_line_request_config config = {
        .consumer = consumer,
        .request_type = GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES,
        .flags = bias_flags[bias] | (active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0),
    };
    return request(chip, offset, &config, NULL);
}

void tidegate_gpio_close_line(struct tidegate_gpio_line *line) {
    gpiod_line_release_bulk(&line->bulk);
    gpiod_chip_close(line->chip);
    free(line);
}

bool tidegate_gpio_debounces(const struct tidegate_gpio_line *line) {
    (void)line;
    return false;
}

int tidegate_gpio_get(struct tidegate_gpio_line *line) {
    int value;
    return gpiod_line_get_value_bulk(&line->bulk, &value) == 0 ? value : -1;
}

int tidegate_gpio_set(struct tidegate_gpio_line *line, bool is_active) {
    int value = is_active;
    return gpiod_line_set_value_bulk(&line->bulk, &value);
}

int tidegate_gpio_descriptor(const struct tidegate_gpio_line *line) {
    return line->has_edges ? gpiod_line_event_get_fd(line->bulk.lines[0]) : -1;
}

int tidegate_gpio_take_edges(
    struct tidegate_gpio_line *line, struct tidegate_gpio_edge *edges, int capacity) {
    int taken = 0;
    while (taken < capacity) {
        int waiting = edges_wait(tidegate_gpio_descriptor(line));
        if (waiting < 0) return -1;
        if (waiting == 0) break;
        struct gpiod_line_event events[EDGES_AT_ONCE];
        int room = capacity - taken < EDGES_AT_ONCE ? capacity - taken : EDGES_AT_ONCE;
        int count = gpiod_line_event_read_multiple(line->bulk.lines[0], events, (unsigned)room);
        if (count < 0) return -1;
        for (int i = 0; i < count; i++, taken++) {
            edges[taken].nanoseconds =
                (int64_t)events[i].ts.tv_sec * 1000000000 + events[i].ts.tv_nsec;
            edges[taken].is_active = events[i].event_type == GPIOD_LINE_EVENT_RISING_EDGE;
        }
    }
    return taken;
}

#else

// Edges that the kernel keeps for us while nobody takes them. It allows up to 1024.
enum { EDGES_KEPT = 256 };

struct tidegate_gpio_line {
    struct gpiod_line_request *request;
    struct gpiod_edge_event_buffer *buffer;  // NULL for an output
    unsigned offset;
    bool debounces;
};

const char *tidegate_gpio_version(void) { return gpiod_api_version(); }

int tidegate_gpio_chip_label(struct gpiod_chip *chip, char *text, size_t size) {
    struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
    if (!info) return -1;
    copy_text(gpiod_chip_info_get_label(info), text, size);
    gpiod_chip_info_free(info);
    return 0;
}

int tidegate_gpio_line_count(struct gpiod_chip *chip) {
    struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
    if (!info) return -1;
    int count = (int)gpiod_chip_info_get_num_lines(info);
    gpiod_chip_info_free(info);
    return count;
}

int tidegate_gpio_line_name(struct gpiod_chip *chip, unsigned offset, char *text, size_t size) {
    struct gpiod_line_info *info = gpiod_chip_get_line_info(chip, offset);
    if (!info) return -1;
    copy_text(gpiod_line_info_get_name(info), text, size);
    gpiod_line_info_free(info);
    return 0;
}

int tidegate_gpio_line_consumer(struct gpiod_chip *chip, unsigned offset, char *text, size_t size) {
    struct gpiod_line_info *info = gpiod_chip_get_line_info(chip, offset);
    if (!info) return -1;
    copy_text(gpiod_line_info_get_consumer(info), text, size);
    gpiod_line_info_free(info);
    return 0;
}

// The chip stays the caller's. NULL with errno when the kernel refuses or memory is short.
static struct gpiod_line_request *request(
    struct gpiod_chip *chip, unsigned offset, const char *consumer,
    struct gpiod_line_settings *settings) {
    struct gpiod_line_request *made = NULL;
    struct gpiod_line_config *lines = gpiod_line_config_new();
    struct gpiod_request_config *config = gpiod_request_config_new();
    if (lines && config && gpiod_line_config_add_line_settings(lines, &offset, 1, settings) == 0) {
        gpiod_request_config_set_consumer(config, consumer);
        gpiod_request_config_set_event_buffer_size(config, EDGES_KEPT);
        made = gpiod_chip_request_lines(chip, config, lines);
    }
    int reason = errno;
    gpiod_request_config_free(config);
    gpiod_line_config_free(lines);
    errno = reason;
    return made;
}

static int reconfigure(
    struct gpiod_line_request *request, unsigned offset, struct gpiod_line_settings *settings) {
    struct gpiod_line_config *lines = gpiod_line_config_new();
    if (!lines) return -1;
    int outcome = gpiod_line_config_add_line_settings(lines, &offset, 1, settings);
    if (outcome == 0) outcome = gpiod_line_request_reconfigure_lines(request, lines);
    int reason = errno;
    gpiod_line_config_free(lines);
    errno = reason;
    return outcome;
}

// Takes over `made` and, on success, `chip`, which a request of 2.x does not need any more.
static struct tidegate_gpio_line *line_of(
    struct gpiod_chip *chip, struct gpiod_line_request *made, unsigned offset, bool has_edges) {
    if (!made) return NULL;
    struct tidegate_gpio_line *line = calloc(1, sizeof *line);
    if (line) {
        line->request = made;
        line->offset = offset;
        if (has_edges) line->buffer = gpiod_edge_event_buffer_new(EDGES_AT_ONCE);
    }
    if (!line || (has_edges && !line->buffer)) {
        gpiod_line_request_release(made);
        free(line);
        errno = ENOMEM;
        return NULL;
    }
    gpiod_chip_close(chip);
    return line;
}

// Turns `settings` of a line claimed as it is into an output that keeps the line's level.
static int keep_as_output(
    struct gpiod_line_request *request, unsigned offset, struct gpiod_line_settings *settings) {
    enum gpiod_line_value value = gpiod_line_request_get_value(request, offset);
    if (value == GPIOD_LINE_VALUE_ERROR) return -1;
    gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT);
    gpiod_line_settings_set_output_value(settings, value);
    return reconfigure(request, offset, settings);
}

struct tidegate_gpio_line *tidegate_gpio_request_output(
    struct gpiod_chip *chip, unsigned offset, const char *consumer, bool active_low,
    tidegate_gpio_drive drive, tidegate_gpio_initial initial) {
    static const enum gpiod_line_drive drives[] = {
        [TIDEGATE_GPIO_PUSH_PULL] = GPIOD_LINE_DRIVE_PUSH_PULL,
        [TIDEGATE_GPIO_OPEN_DRAIN] = GPIOD_LINE_DRIVE_OPEN_DRAIN,
        [TIDEGATE_GPIO_OPEN_SOURCE] = GPIOD_LINE_DRIVE_OPEN_SOURCE,
    };
    struct gpiod_line_settings *settings = gpiod_line_settings_new();
    if (!settings) return NULL;
    bool keeps = initial == TIDEGATE_GPIO_KEEP;
    gpiod_line_settings_set_active_low(settings, active_low);
    if (!keeps) {
        gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT);
        gpiod_line_settings_set_drive(settings, drives[drive]);
        gpiod_line_settings_set_output_value(
            settings, initial == TIDEGATE_GPIO_ACTIVE ? GPIOD_LINE_VALUE_ACTIVE
                                                      : GPIOD_LINE_VALUE_INACTIVE);
    }
    struct gpiod_line_request *made = request(chip, offset, consumer, settings);
    if (made && keeps) {
        // The kernel takes a drive for explicit outputs only.
        gpiod_line_settings_set_drive(settings, drives[drive]);
        if (keep_as_output(made, offset, settings) != 0) {
            int reason = errno;
            gpiod_line_request_release(made);
            made = NULL;
            errno = reason;
        }
    }
    int reason = errno;
    gpiod_line_settings_free(settings);
    errno = reason;
    return line_of(chip, made, offset, false);
}

struct tidegate_gpio_line *tidegate_gpio_request_input(
    struct gpiod_chip *chip, unsigned offset, const char *consumer, bool active_low,
    tidegate_gpio_bias bias, uint32_t debounce_microseconds) {
    static const enum gpiod_line_bias biases[] = {
        [TIDEGATE_GPIO_BIAS_AS_IS] = GPIOD_LINE_BIAS_AS_IS,
        [TIDEGATE_GPIO_BIAS_DISABLED] = GPIOD_LINE_BIAS_DISABLED,
        [TIDEGATE_GPIO_BIAS_PULL_UP] = GPIOD_LINE_BIAS_PULL_UP,
        [TIDEGATE_GPIO_BIAS_PULL_DOWN] = GPIOD_LINE_BIAS_PULL_DOWN,
    };
    struct gpiod_line_settings *settings = gpiod_line_settings_new();
    if (!settings) return NULL;
    gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT);
    gpiod_line_settings_set_edge_detection(settings, GPIOD_LINE_EDGE_BOTH);
    gpiod_line_settings_set_active_low(settings, active_low);
    gpiod_line_settings_set_bias(settings, biases[bias]);
    gpiod_line_settings_set_debounce_period_us(settings, debounce_microseconds);
    struct gpiod_line_request *made = request(chip, offset, consumer, settings);
    int reason = errno;
    gpiod_line_settings_free(settings);
    errno = reason;
    struct tidegate_gpio_line *line = line_of(chip, made, offset, true);
    if (line) line->debounces = debounce_microseconds > 0;
    return line;
}

void tidegate_gpio_close_line(struct tidegate_gpio_line *line) {
    gpiod_line_request_release(line->request);
    gpiod_edge_event_buffer_free(line->buffer);
    free(line);
}

bool tidegate_gpio_debounces(const struct tidegate_gpio_line *line) { return line->debounces; }

int tidegate_gpio_get(struct tidegate_gpio_line *line) {
    return gpiod_line_request_get_value(line->request, line->offset);
}

int tidegate_gpio_set(struct tidegate_gpio_line *line, bool is_active) {
    return gpiod_line_request_set_value(
        line->request, line->offset,
        is_active ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE);
}

int tidegate_gpio_descriptor(const struct tidegate_gpio_line *line) {
    return line->buffer ? gpiod_line_request_get_fd(line->request) : -1;
}

int tidegate_gpio_take_edges(
    struct tidegate_gpio_line *line, struct tidegate_gpio_edge *edges, int capacity) {
    int taken = 0;
    while (taken < capacity) {
        int waiting = edges_wait(tidegate_gpio_descriptor(line));
        if (waiting < 0) return -1;
        if (waiting == 0) break;
        int room = capacity - taken < EDGES_AT_ONCE ? capacity - taken : EDGES_AT_ONCE;
        int count = gpiod_line_request_read_edge_events(line->request, line->buffer, (size_t)room);
        if (count < 0) return -1;
        for (int i = 0; i < count; i++, taken++) {
            struct gpiod_edge_event *event =
                gpiod_edge_event_buffer_get_event(line->buffer, (unsigned long)i);
            edges[taken].nanoseconds = (int64_t)gpiod_edge_event_get_timestamp_ns(event);
            edges[taken].is_active =
                gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE;
        }
    }
    return taken;
}

#endif
