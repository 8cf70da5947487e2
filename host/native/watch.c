/* See watch.h. */
#include "watch.h"

#include <stdlib.h>
#include <string.h>

struct watch *watches_at(struct watches *watches, int32_t descriptor)
{
  uint32_t index = (uint32_t)descriptor;
  if (index >= watches->count) {
    uint64_t count = watches->count ? watches->count : 64;
    while (count <= index) count *= 2;
    struct watch *entries = realloc(watches->entries, count * sizeof *entries);
    if (entries == NULL) return NULL;
    memset(entries + watches->count, 0, (count - watches->count) * sizeof *entries);
    watches->entries = entries;
    watches->count = (uint32_t)count;
  }
  return &watches->entries[index];
}

void queue_append(struct queue *queue, struct core *core, uint32_t index)
{
  struct slot *slot = &core->slots[index];
  slot->next = 0;
  slot->previous = queue->last;
  if (queue->last != 0) core->slots[queue->last - 1].next = index + 1;
  else queue->first = index + 1;
  queue->last = index + 1;
}

void queue_remove(struct queue *queue, struct core *core, uint32_t index)
{
  const struct slot *slot = &core->slots[index];
  if (slot->previous != 0) core->slots[slot->previous - 1].next = slot->next;
  else queue->first = slot->next;
  if (slot->next != 0) core->slots[slot->next - 1].previous = slot->previous;
  else queue->last = slot->previous;
}

void watches_push(struct watches *watches, int32_t descriptor)
{
  struct watch *watch = &watches->entries[descriptor];
  if (watch->marks & WATCH_PENDING) return;
  watch->marks |= WATCH_PENDING;
  watch->next = 0;
  uint32_t number = (uint32_t)descriptor + 1;
  if (watches->pending_last != 0) watches->entries[watches->pending_last - 1].next = number;
  else watches->pending_first = number;
  watches->pending_last = number;
}

int32_t watches_pop(struct watches *watches)
{
  if (watches->pending_first == 0) return -1;
  int32_t descriptor = (int32_t)(watches->pending_first - 1);
  struct watch *watch = &watches->entries[descriptor];
  watch->marks &= (uint8_t)~WATCH_PENDING;
  watches->pending_first = watch->next;
  if (watch->next == 0) watches->pending_last = 0;
  return descriptor;
}

void watches_free(struct watches *watches)
{
  free(watches->entries);
  memset(watches, 0, sizeof *watches);
}
