/* Faults below the gateway: loaded with LD_PRELOAD, it stands between one process and the kernel.
 *
 * Of the files under HCP_FAULTS_FOLDER it can
 *   - record every open, write, truncation, rename, unlink and sync, in the order of their effect (HCP_FAULTS_LOG),
 *   - end the process with SIGKILL just before or after the n-th write, sync, or write to a socket,
 *   - let writes and syncs fail with any errno, a write also after its first half, as on a full disk.
 * Whoever started the process says which, in the page of shared memory HCP_FAULTS_CONTROL (simulator/crash/shim.py has
 * the same layout). The process may fork; its children obey the same page.
 *
 * SQLite's shared memory (-shm) is a mapping and no write: it is not seen here, and it does not survive a power cut.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BEFORE_WRITE = 1, AFTER_WRITE, BEFORE_SYNC, AFTER_SYNC, BEFORE_SEND, AFTER_SEND };
enum { FAIL_WRITE = 1, FAIL_SYNC = 2, FAIL_HALF = 4 };

struct control {
    volatile int32_t kill_at, kill_in;                 /* which point, how many of it pass first */
    volatile int32_t fail_errno, fail_what, fail_skip; /* 0: nothing fails */
    volatile int32_t fail_left;                        /* how many fail; below 0: until told otherwise */
    volatile uint64_t writes, syncs, sends, failed;    /* what happened since the page was made */
};

struct entry { /* of the log; followed by `length` bytes for o, w, r, u, m and M */
    uint8_t kind, pad[7];
    uint64_t file, offset, length;
};

enum { FILES = 4096 };
static uint64_t number_of[FILES]; /* descriptor -> number of the open file, 0: not one of ours */
static uint64_t opened;
static struct control idle, *control = &idle;
static char folder[1024];
static size_t folder_length;
static int log_fd = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(result, name, ...) \
    static result (*real_##name)(__VA_ARGS__); \
    if (!real_##name) *(void **)&real_##name = dlsym(RTLD_NEXT, #name)

static int raw_open(const char *path, int flags) { return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600); }

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("HCP_FAULTS_FOLDER");
    if (path && strlen(path) < sizeof folder) {
        strcpy(folder, path);
        folder_length = strlen(folder);
    }
    path = getenv("HCP_FAULTS_CONTROL");
    if (path) {
        int fd = raw_open(path, O_RDWR | O_CLOEXEC);
        void *page = fd < 0 ? MAP_FAILED : mmap(0, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (page == MAP_FAILED) {
            fprintf(stderr, "faults: cannot map %s\n", path);
            _exit(99);
        }
        control = page;
        syscall(SYS_close, fd);
    }
    path = getenv("HCP_FAULTS_LOG");
    if (path) {
        log_fd = raw_open(path, O_WRONLY | O_APPEND | O_CREAT);
        /* out of the way of the process, which may close what it thinks is its own */
        int high = fcntl(log_fd, F_DUPFD_CLOEXEC, 900);
        syscall(SYS_close, log_fd);
        log_fd = high;
        if (log_fd < 0) _exit(99);
    }
}

static int ours(const char *path) {
    return folder_length && !strncmp(path, folder, folder_length) && (path[folder_length] == '/' || !path[folder_length]);
}

static uint64_t number(int fd) { return fd >= 0 && fd < FILES ? number_of[fd] : 0; }

static void all(int fd, const void *data, size_t length) {
    const char *at = data;
    while (length) {
        long done = syscall(SYS_write, fd, at, length);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) _exit(98); /* a log with holes would prove nothing */
        at += done;
        length -= (size_t)done;
    }
}

static void note(char kind, uint64_t file, uint64_t offset, const void *data, uint64_t length, int with_data) {
    if (log_fd < 0) return;
    int before = errno;
    struct entry entry = {(uint8_t)kind, {0}, file, offset, length};
    all(log_fd, &entry, sizeof entry);
    if (with_data) all(log_fd, data, length);
    errno = before;
}

static void note_path(char kind, uint64_t file, uint64_t flags, const char *path) {
    note(kind, file, flags, path, strlen(path), 1);
}

static void point(int which) {
    if (control->kill_at == which && control->kill_in-- <= 0) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
}

static int fails(int what) {
    if (!control->fail_errno || !(control->fail_what & what) || !control->fail_left) return 0;
    if (control->fail_skip > 0) {
        control->fail_skip--;
        return 0;
    }
    if (control->fail_left > 0) control->fail_left--;
    control->failed++;
    return 1;
}

/* --- files --- */

static int opened_as(int fd, const char *path, int flags) {
    if (fd >= 0 && fd < FILES && ours(path)) {
        pthread_mutex_lock(&lock);
        number_of[fd] = ++opened | (uint64_t)getpid() << 32;
        note_path('o', number_of[fd], (uint64_t)flags, path);
        pthread_mutex_unlock(&lock);
    }
    return fd;
}

#define OPENER(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, name, const char *, int, ...); \
        mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { \
            va_list more; \
            va_start(more, flags); \
            mode = va_arg(more, mode_t); \
            va_end(more); \
        } \
        return opened_as(real_##name(path, flags, mode), path, flags); \
    }
OPENER(open)
OPENER(open64)

#define OPENER_AT(name) \
    int name(int at, const char *path, int flags, ...) { \
        REAL(int, name, int, const char *, int, ...); \
        mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { \
            va_list more; \
            va_start(more, flags); \
            mode = va_arg(more, mode_t); \
            va_end(more); \
        } \
        return opened_as(real_##name(at, path, flags, mode), path, flags); \
    }
OPENER_AT(openat)
OPENER_AT(openat64)

int close(int fd) {
    REAL(int, close, int);
    if (fd == log_fd && fd >= 0) {
        errno = EBADF;
        return -1;
    }
    if (number(fd)) {
        pthread_mutex_lock(&lock);
        note('c', number_of[fd], 0, 0, 0, 0);
        number_of[fd] = 0;
        pthread_mutex_unlock(&lock);
    }
    return real_close(fd);
}

static ssize_t put(int fd, const void *data, size_t length, int64_t offset) {
    pthread_mutex_lock(&lock);
    control->writes++;
    point(BEFORE_WRITE);
    int failed = fails(FAIL_WRITE);
    ssize_t done = -1;
    static int took_half;
    if (failed && control->fail_what & FAIL_HALF && length > 1 && !took_half) {
        length /= 2; /* the disk takes what it has room for; the next write learns why */
        failed = 0;
        took_half = 1;
    } else if (failed) {
        took_half = 0;
    }
    if (failed) {
        errno = control->fail_errno;
    } else {
        int64_t at = offset >= 0 ? offset : (int64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
        done = offset >= 0 ? syscall(SYS_pwrite64, fd, data, length, offset) : syscall(SYS_write, fd, data, length);
        if (done > 0) note('w', number_of[fd], (uint64_t)at, data, (uint64_t)done, 1);
    }
    point(AFTER_WRITE);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    if (number(fd)) return put(fd, data, length, offset);
    return syscall(SYS_pwrite64, fd, data, length, offset);
}
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) { return pwrite(fd, data, length, offset); }

static int is_socket(int fd) {
    int kind;
    socklen_t size = sizeof kind;
    int before = errno;
    int found = !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &kind, &size) && (kind == AF_INET || kind == AF_INET6);
    errno = before;
    return found;
}

ssize_t write(int fd, const void *data, size_t length) {
    if (number(fd)) return put(fd, data, length, -1);
    int watched = control->kill_at >= BEFORE_SEND && is_socket(fd);
    if (watched) point(BEFORE_SEND);
    ssize_t done = syscall(SYS_write, fd, data, length);
    if (watched) {
        control->sends++;
        point(AFTER_SEND);
    }
    return done;
}

ssize_t send(int fd, const void *data, size_t length, int flags) {
    REAL(ssize_t, send, int, const void *, size_t, int);
    int watched = control->kill_at >= BEFORE_SEND && is_socket(fd);
    if (watched) point(BEFORE_SEND);
    ssize_t done = real_send(fd, data, length, flags);
    if (watched) {
        control->sends++;
        point(AFTER_SEND);
    }
    return done;
}

static int cut(int fd, int64_t length) {
    if (!number(fd)) return (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&lock);
    int done = (int)syscall(SYS_ftruncate, fd, length);
    if (!done) note('t', number_of[fd], (uint64_t)length, 0, 0, 0);
    pthread_mutex_unlock(&lock);
    return done;
}
int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off64_t length) { return cut(fd, length); }

static int sync_of(int fd, long call) {
    if (!number(fd)) return (int)syscall(call, fd);
    pthread_mutex_lock(&lock);
    control->syncs++;
    point(BEFORE_SYNC);
    int done = -1;
    if (fails(FAIL_SYNC)) {
        /* as Linux does: the error is told once, and what was dirty is called clean from then on */
        errno = control->fail_errno;
        note('e', number_of[fd], 0, 0, 0, 0);
    } else {
        done = (int)syscall(call, fd);
        note(done ? 'e' : 's', number_of[fd], 0, 0, 0, 0);
    }
    point(AFTER_SYNC);
    pthread_mutex_unlock(&lock);
    return done;
}
int fsync(int fd) { return sync_of(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_of(fd, SYS_fdatasync); }

int unlink(const char *path) {
    if (!ours(path)) return (int)syscall(SYS_unlink, path);
    pthread_mutex_lock(&lock);
    int done = (int)syscall(SYS_unlink, path);
    if (!done) note_path('u', 0, 0, path);
    pthread_mutex_unlock(&lock);
    return done;
}

int rename(const char *from, const char *to) {
    if (!ours(from)) return (int)syscall(SYS_rename, from, to);
    pthread_mutex_lock(&lock);
    int done = (int)syscall(SYS_rename, from, to);
    if (!done) {
        char both[2048];
        int length = snprintf(both, sizeof both, "%s\n%s", from, to);
        note('r', 0, 0, both, (uint64_t)length, 1);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

int mkdir(const char *path, mode_t mode) {
    if (!ours(path)) return (int)syscall(SYS_mkdir, path, mode);
    pthread_mutex_lock(&lock);
    int done = (int)syscall(SYS_mkdir, path, mode);
    if (!done) note_path('m', 0, 0, path);
    pthread_mutex_unlock(&lock);
    return done;
}

/* A line of the caller's own, for instance "this receipt is on its way"; -1 if nothing is recorded. */
int hcp_faults_mark(const void *data, uint64_t length) {
    if (log_fd < 0) return -1;
    pthread_mutex_lock(&lock);
    note('M', 0, 0, data, length, 1);
    pthread_mutex_unlock(&lock);
    return 0;
}
