{
  "targets": [
    {
      "target_name": "native",
      "sources": [
        "addon.c",
        "backend.c",
        "beneath.c",
        "copy.c",
        "core.c",
        "directory.c",
        "epoll.c",
        "errors.c",
        "files.c",
        "interrupt.c",
        "links.c",
        "lookup.c",
        "net.c",
        "operation.c",
        "path.c",
        "perform.c",
        "pool.c",
        "prepare.c",
        "reaper.c",
        "ring.c",
        "signals.c",
        "spawn.c",
        "terminal.c",
        "tree.c",
        "unix.c",
        "uring.c",
        "waiter.c",
        "watch.c",
        "work.c"
      ],
      "defines": ["_GNU_SOURCE"],
      "cflags": ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"],
      "ldflags": ["-Wl,-z,nodelete"]
    }
  ]
}
