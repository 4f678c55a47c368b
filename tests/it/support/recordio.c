/* Records what a dynamically linked program does to the files below one folder, in one order, so that a test can make
 * of it what a disk may hold after a power cut.
 *
 *   cc -O1 -shared -fPIC -o recordio.so recordio.c -ldl
 *   RECORD_FOLDER=/data RECORD_LOG=/elsewhere/log LD_PRELOAD=./recordio.so PROGRAM
 *
 * A record is six 64-bit numbers and two strings of bytes: what, which file (inode), offset, length, bytes of the
 * first string, bytes of the second one. One lock is held over a call and its record, so that the order of the records
 * is the order of the calls. What goes through shared memory maps is not seen.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, LENGTH, SYNC, RENAME, UNLINK, MKDIR, SYNC_FOLDER };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void record(uint64_t what, uint64_t file, uint64_t offset, uint64_t length, const void *first, uint64_t first_bytes,
                   const void *second, uint64_t second_bytes) {
    static int log = -1;
    if (log < 0) log = REAL(open)(getenv("RECORD_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    uint64_t head[6] = {what, file, offset, length, first_bytes, second_bytes};
    struct iovec parts[3] = {{head, sizeof head}, {(void *)first, first_bytes}, {(void *)second, second_bytes}};
    if (REAL(writev)(log, parts, 3) != (ssize_t)(sizeof head + first_bytes + second_bytes)) abort();
}

/* whether a path lies in the folder; gives its part below it */
static const char *below(const char *path) {
    const char *folder = getenv("RECORD_FOLDER");
    size_t n = folder ? strlen(folder) : 0;
    if (!n || strncmp(path, folder, n) || (path[n] && path[n] != '/')) return NULL;
    return path[n] ? path + n + 1 : path + n;
}

static const char *path_of(int fd, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (n < 0) return NULL;
    path[n] = 0;
    return below(path);
}

/* the inode of a recorded file; 0 for any other */
static uint64_t file_of(int fd) {
    char path[PATH_MAX];
    struct stat figures;
    if (!path_of(fd, path) || fstat(fd, &figures) || !S_ISREG(figures.st_mode)) return 0;
    return figures.st_ino;
}

static void recorded_name(uint64_t what, uint64_t file, const char *name) {
    record(what, file, 0, 0, name, strlen(name), NULL, 0);
}

static int opened(int at, const char *path, int flags, mode_t mode) {
    pthread_mutex_lock(&lock);
    const char *name = below(path);
    int is_new = name && (flags & O_CREAT) && REAL(access)(path, F_OK);
    int fd = REAL(openat)(at, path, flags, mode);
    int error = errno;
    struct stat figures;
    if (fd >= 0 && name && !fstat(fd, &figures)) {
        if (is_new) recorded_name(CREATE, figures.st_ino, name);
        else if (flags & O_TRUNC) record(LENGTH, figures.st_ino, 0, 0, NULL, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

#define OPEN(at, path)                                     \
    va_list more;                                          \
    va_start(more, flags);                                 \
    mode_t mode = flags & O_CREAT ? va_arg(more, int) : 0; \
    va_end(more);                                          \
    return opened(at, path, flags, mode)

int open(const char *path, int flags, ...) { OPEN(AT_FDCWD, path); }
int open64(const char *path, int flags, ...) { OPEN(AT_FDCWD, path); }
int openat(int at, const char *path, int flags, ...) { OPEN(at, path); }
int openat64(int at, const char *path, int flags, ...) { OPEN(at, path); }

static ssize_t wrote(int fd, ssize_t n, const void *data, off64_t at) {
    int error = errno;
    uint64_t file = n > 0 ? file_of(fd) : 0;
    if (file) record(WRITE, file, at, n, data, n, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return n;
}

ssize_t write(int fd, const void *data, size_t n) {
    uint64_t file = file_of(fd);
    if (!file) return REAL(write)(fd, data, n);
    pthread_mutex_lock(&lock);
    ssize_t done = REAL(write)(fd, data, n);
    return wrote(fd, done, data, done > 0 ? lseek(fd, 0, SEEK_CUR) - done : 0);
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    pthread_mutex_lock(&lock);
    return wrote(fd, REAL(pwrite64)(fd, data, n, at), data, at);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { return pwrite64(fd, data, n, at); }

/* nothing in the product writes files so; if that changes, this test must not be silent */
ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (file_of(fd)) abort();
    return REAL(writev)(fd, parts, count);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t n, unsigned flags) {
    if (file_of(to)) abort();
    return REAL(copy_file_range)(from, from_at, to, to_at, n, flags);
}

#define RECORDED(call, condition, say)  \
    pthread_mutex_lock(&lock);          \
    int result = call, error = errno;   \
    if (!result && (condition)) say;    \
    pthread_mutex_unlock(&lock);        \
    errno = error;                      \
    return result

int ftruncate64(int fd, off64_t length) {
    uint64_t file = file_of(fd);
    RECORDED(REAL(ftruncate64)(fd, length), file, record(LENGTH, file, 0, length, NULL, 0, NULL, 0));
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int fallocate64(int fd, int mode, off64_t at, off64_t length) {
    if (file_of(fd)) abort();
    return REAL(fallocate64)(fd, mode, at, length);
}

int fallocate(int fd, int mode, off_t at, off_t length) { return fallocate64(fd, mode, at, length); }

int posix_fallocate64(int fd, off64_t at, off64_t length) {
    if (file_of(fd)) abort();
    return REAL(posix_fallocate64)(fd, at, length);
}

int posix_fallocate(int fd, off_t at, off_t length) { return posix_fallocate64(fd, at, length); }

static void synced(int fd) {
    char path[PATH_MAX];
    struct stat figures;
    const char *name = path_of(fd, path);
    if (!name || fstat(fd, &figures)) return;
    if (S_ISDIR(figures.st_mode)) recorded_name(SYNC_FOLDER, 0, name);
    else record(SYNC, figures.st_ino, 0, 0, NULL, 0, NULL, 0);
}

int fsync(int fd) { RECORDED(REAL(fsync)(fd), 1, synced(fd)); }
int fdatasync(int fd) { RECORDED(REAL(fdatasync)(fd), 1, synced(fd)); }

static void renamed(const char *from, const char *to) {
    record(RENAME, 0, 0, 0, below(from), strlen(below(from)), below(to), strlen(below(to)));
}

int rename(const char *from, const char *to) {
    RECORDED(REAL(rename)(from, to), below(from) && below(to), renamed(from, to));
}

int unlink(const char *path) {
    RECORDED(REAL(unlink)(path), below(path), recorded_name(UNLINK, 0, below(path)));
}

int mkdir(const char *path, mode_t mode) {
    RECORDED(REAL(mkdir)(path, mode), below(path), recorded_name(MKDIR, 0, below(path)));
}
