import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** Share of the heap that may live on after a collection. What is left must do for what is under way, and for the next collection. */
const LIVE_SHARE_MAX = 0.7;

function isFull(entry: PerformanceEntry): boolean {
  // Node's own entries of this type have it; the type of all entries, which is the browser's, has not.
  const { detail } = entry as PerformanceEntry & { readonly detail?: { readonly kind?: number } };
  return detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}

/** Watches what lives on after each full collection. The answer says whether that is more than the process can bear for long. */
export function watchHeap(): () => boolean {
  const { heap_size_limit: limit } = getHeapStatistics();
  let live = 0;
  const observer = new PerformanceObserver((list) => {
    if (list.getEntries().some(isFull)) live = getHeapStatistics().used_heap_size;
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => live > limit * LIVE_SHARE_MAX;
}
