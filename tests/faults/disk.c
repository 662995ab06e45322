/* A disk that fails: preloaded, it lets the k-th call that a process makes for files below a folder go wrong.
 *
 * cc -shared -fPIC -o disk.so disk.c -ldl; LD_PRELOAD=disk.so; then, through ctypes.CDLL(None):
 * disk_fails(folder, kinds, k, error, then) counts from here: the k-th call of these kinds (a text of letters, see
 * below), and with `then` all after it, fail with errno `error`; if that is 0, a write takes half of what it is given.
 * With `then` 2 the k-th is a write that takes half, and all after it fail: so is a disk that becomes full.
 * disk_calls() gives how many there were. What is to be synchronised is not: that would take its time. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { MOST = 4096 };

static char folder[MOST], kinds[32], below[MOST]; /* below: whether a descriptor is one of a file there */
static int number, chosen, failure, onwards;

void disk_fails(const char *path, const char *letters, int k, int error, int then) {
    strncpy(folder, path, sizeof folder - 1);
    strncpy(kinds, letters, sizeof kinds - 1);
    number = 0, chosen = k, failure = error, onwards = then;
}

int disk_calls(void) { return number; }

static int is_below(const char *path) {
    size_t n = strlen(folder);
    return n && !strncmp(path, folder, n) && (path[n] == '/' || !path[n]);
}

static int is_mine(int fd) { return fd >= 0 && fd < MOST && below[fd]; }

/* Whether this call, of the kind that a letter names, is one to fail. */
static int hit(char kind) {
    if (!strchr(kinds, kind)) return 0;
    number++;
    return number == chosen || (onwards && chosen && number > chosen);
}

static int fails(char kind) {
    if (!hit(kind) || !failure) return 0;
    errno = failure;
    return 1;
}

#define REAL(type, name, ...) ((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

#define OPEN(name)                                                                \
    int name(const char *path, int flags, ...) {                                  \
        va_list more;                                                             \
        va_start(more, flags);                                                    \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more);                                                             \
        int mine = is_below(path);                                                \
        if (mine && fails('o')) return -1;                                        \
        int fd = REAL(int, name, const char *, int, ...)(path, flags, mode);      \
        if (fd >= 0 && fd < MOST) below[fd] = (char)mine;                         \
        return fd;                                                                \
    }
OPEN(open)
OPEN(open64)

/* The descriptor is gone, whatever close says. */
int close(int fd) {
    int mine = is_mine(fd);
    if (fd >= 0 && fd < MOST) below[fd] = 0;
    int done = REAL(int, close, int)(fd);
    return mine && fails('c') ? -1 : done;
}

ssize_t write(int fd, const void *data, size_t size) {
    if (is_mine(fd) && hit('w')) {
        if (failure && (onwards < 2 || number > chosen)) {
            errno = failure;
            return -1;
        }
        size = (size + 1) / 2;
    }
    return REAL(ssize_t, write, int, const void *, size_t)(fd, data, size);
}

#define PWRITE(name, place)                                                               \
    ssize_t name(int fd, const void *data, size_t size, place at) {                       \
        if (is_mine(fd) && fails('w')) return -1;                                         \
        return REAL(ssize_t, name, int, const void *, size_t, place)(fd, data, size, at); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define SYNC(name)                                         \
    int name(int fd) {                                     \
        if (!is_mine(fd)) return REAL(int, name, int)(fd); \
        return fails('s') ? -1 : 0;                        \
    }
SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(name, place) \
    int name(int fd, place size) { return is_mine(fd) && fails('t') ? -1 : REAL(int, name, int, place)(fd, size); }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int fchmod(int fd, mode_t mode) { return is_mine(fd) && fails('m') ? -1 : REAL(int, fchmod, int, mode_t)(fd, mode); }

int rename(const char *from, const char *to) {
    return is_below(to) && fails('r') ? -1 : REAL(int, rename, const char *, const char *)(from, to);
}

int unlink(const char *path) { return is_below(path) && fails('u') ? -1 : REAL(int, unlink, const char *)(path); }
