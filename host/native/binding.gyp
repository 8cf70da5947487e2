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
        "vector.c",
        "waiter.c",
        "watch.c",
        "work.c"
      ],
      "defines": ["_GNU_SOURCE"],
      "cflags": [
        "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden",
        "-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"
      ],
      "ldflags": ["-Wl,-z,nodelete", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"],
      "conditions": [
        ["target_arch=='x64'", { "cflags": ["-fcf-protection"], "ldflags": ["-Wl,-z,shstk"] }],
        ["target_arch=='arm64'", { "cflags": ["-mbranch-protection=standard"], "ldflags": [] }]
      ]
    }
  ]
}
