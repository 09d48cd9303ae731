-- Memory that the run needs: images pass through a few buffers, whatever their size.

local system = require "moonflash.host.system"

local PROGRAM_KB, CHUNK, KB = 8 * 1024, 1048576, 1024

local function available(root)
  local text = system.text(root, "/proc/meminfo")
  return text and tonumber(text:match "MemAvailable:%s*(%d+)")
end

local function look(job)
  local free = available(job.root)
  local needed = PROGRAM_KB + 2 * math.ceil((job.options.chunk_size or CHUNK) / KB)
  if not free or free >= needed then return nil end
  return {
    message = "there is too little free memory",
    evidence = ("%d kB available, %d kB needed"):format(free, needed),
    cure = "stop programs or remove files from /tmp, or send less at a time with --chunk-size",
  }
end

return { name = "memory", look = look }
