--- What a script has to survive: { words, switches of the simulator (moonflash simulate --fault) ... }.
-- @module moonflash.sim.script_faults
return {
  { "no fault" },
  { "window missed", "window=0" },
  { "path changed", "boot-place=1-3", "come-back-place=1-4" },
  { "stale bytes", "stale=qdl.hello", "stale=qdl.open" },
  { "split frames", "split=qdl.hello", "split=qdl.open", "split=qdl.write#2" },
  { "corrupt frame", "flip=qdl.open" },
  { "late answer", "late=qdl.write#2:20" },
  { "stall at chunk 1", "silence=qdl.write#1" },
  { "stall at chunk 2", "silence=qdl.write#2" },
  { "vanish at chunk 2", "vanish-chunk=2" },
  { "vanish at chunk 4", "vanish-chunk=4" },
  { "wrong acknowledgement", "bad-ack=2" },
  { "error status", "refuse=qdl.write#2:1" },
  { "error frame", "error=qdl.open:5" },
  { "refused preference", "refuse-preference" },
  { "no preference known", "no-preference" },
  { "already stored", "already-stored" },
  { "low power afterwards", "loses-settings=1" },
  { "DIAG instead of QDL", "diag-instead" },
  { "already in download mode", "start=download" },
}
