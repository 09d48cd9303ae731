--- The messages of failures made in C, which gives a code and a subject: a path, a file, a URL.
-- @module moonflash.base.failure_messages

return {
  ["port.timeout"] = "%s: nothing came in time",
  ["port.closed"] = "%s: the other end is gone",
  ["port.interrupted"] = "%s: interrupted",
  ["port.failed"] = "%s cannot be read or written",
  ["source.timeout"] = "%s: nothing came in time",
  ["source.closed"] = "%s: the other end is gone",
  ["source.interrupted"] = "%s: interrupted",
  ["source.failed"] = "%s cannot be read",
  ["source.rejected"] = "%s: a checksum of the image is wrong",
  ["source.short"] = "%s: the image ended too early",
  ["uevent.timeout"] = "%s: nothing came in time",
  ["uevent.interrupted"] = "%s: interrupted",
  ["uevent.failed"] = "%s cannot be read",
  ["qdl.stalled"] = "the modem takes no more bytes",
  ["transfer.interrupted"] = "the transfer was interrupted",
}
