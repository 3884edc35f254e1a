// The process's threads. One pool, of our own: libgomp's threads slow each other down when two
// Python threads use it, and a forked child hangs in it.
#pragma once
#include "kernel.h"

int thread_count();              // those of a region, the caller among them
void set_thread_count(int n);    // n >= 1; takes effect at the next region

// Runs regions on the pool. One region at a time: a second caller meanwhile runs its own serially,
// with equal bits, since tasks know nothing of threads.
const Team *pool_team();
const Team *serial_team();

char *thread_scratch(size_t bytes);  // of this thread, aligned to a page; grows, and stays
