-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Receives one image: checks the open request and the writes, and writes the bytes to a file.

local bytes = require "moonflash.core.bytes"
local cwe = require "moonflash.sim.cwe_reader"

local receiver = {}
receiver.__index = receiver

local header_size = 400
local cwe_image_type = 0x80

-- Open statuses (reference: qdl 4)
local size_error, bad_type, header_required = 1, 2, 5

-- The status and a text for an open request that is refused.
local function refusal(model, request)
  if request.type ~= cwe_image_type then
    return bad_type, "image type " .. bytes.hex_number(request.type, 2)
  end
  if request.chunk ~= request.length - header_size then
    return size_error, ("length %.0f, but chunk size %.0f"):format(request.length, request.chunk)
  end
  local header = cwe.parse(request.header)
  if not header then return header_required, "bad header CRC" end
  if header.size ~= request.chunk then
    return size_error, ("the header says %.0f bytes, Open says %.0f"):format(header.size, request.chunk)
  end
  if cwe.is_for_other(header, model.family, model.product) then
    return bad_type, ("image for %s (%s)"):format(header.product, header.version)
  end
end

--- Takes the fields of an open request. The result's `pending` are the bytes of the current write that are missing,
-- `remaining` those of the image. The file has the suffix ".part" until the image is complete. Or returns nil, the
-- open status and what is wrong.
function receiver.open(model, request, path)
  local status, wrong = refusal(model, request)
  if status then return nil, status, wrong end
  local file = assert(io.open(path .. ".part", "wb"))
  file:setvbuf("full", 65536)
  file:write(request.header)
  return setmetatable({
    path = path, file = file, sequence = 0, pending = 0, remaining = request.chunk, size = request.length,
  }, receiver)
end

--- Takes the header of a write, { sequence, length }. Returns true, or nil and what is wrong.
function receiver:begin(header)
  if header.sequence ~= self.sequence then
    return nil, ("write %d, expected %d"):format(header.sequence, self.sequence)
  end
  if header.length == 0 or header.length > self.remaining then
    return nil, ("write of %.0f bytes, %.0f remain"):format(header.length, self.remaining)
  end
  self.pending = header.length
  return true
end

--- Takes data of a write. At most `pending` bytes of it are used.
function receiver:data(data)
  if #data > self.pending then data = data:sub(1, self.pending) end
  self.file:write(data)
  self.pending = self.pending - #data
  self.remaining = self.remaining - #data
  if self.pending == 0 then self.sequence = (self.sequence + 1) % 65536 end
  return #data
end

--- Checks the complete image and renames its file. Returns its contents (cwe.contents), or nil and what is wrong.
function receiver:finish()
  self:drop()
  local records, wrong = cwe.verify(self.path .. ".part")
  if not records then return nil, wrong end
  assert(os.rename(self.path .. ".part", self.path))
  return cwe.contents(records)
end

--- Closes the file; an incomplete one keeps its suffix ".part".
function receiver:drop()
  if self.file then self.file:close() end
  self.file = nil
end

return receiver
