-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Receives one package as raw sectors: the whole file from its first byte, then zeros up to the end of the last
-- sector (reference: firehose 8).

local cwe = require "moonflash.sim.cwe_reader"

local receiver = {}
receiver.__index = receiver

local header_size = 400

--- Starts a package of some sectors. `remaining` are the bytes that are missing. The file has the suffix ".part" until
-- the package is complete.
function receiver.open(sectors, sector_size, path)
  local file = assert(io.open(path .. ".part", "wb"))
  file:setvbuf("full", 65536)
  return setmetatable({ path = path, file = file, sector_size = sector_size, head = "",
    total = sectors * sector_size, remaining = sectors * sector_size }, receiver)
end

-- The size of the file is in its header. Without a header everything belongs to the file.
local function learn_size(self, data)
  self.head = (self.head .. data):sub(1, header_size)
  if self.size or #self.head < header_size then return end
  self.header = cwe.parse(self.head)
  self.size = self.header and self.header.size + header_size or self.total
end

--- Takes data. Returns how many bytes were taken, at most `remaining`.
function receiver:data(data)
  data = data:sub(1, self.remaining)
  if not self.size then learn_size(self, data) end
  local of_file = math.max(0, math.min(#data, (self.size or self.total) - (self.total - self.remaining)))
  self.file:write(data:sub(1, of_file))
  self.wrong_padding = self.wrong_padding or data:find("%Z", of_file + 1) ~= nil
  self.remaining = self.remaining - #data
  return #data
end

local function mistake(self, family, product)
  if not self.header then return "no header" end
  if self.size > self.total then return ("%.0f bytes, but the header says %.0f"):format(self.total, self.size) end
  if self.total - self.size >= self.sector_size then return "more sectors than the file has" end
  if self.wrong_padding then return "the last sector is not filled with zeros" end
  if cwe.is_for_other(self.header, family, product) then
    return ("image for %s (%s)"):format(self.header.product, self.header.version)
  end
end

--- Checks the complete package for a model and renames its file. Returns its contents (cwe.contents), or nil and what
-- is wrong.
function receiver:finish(model)
  self:drop()
  local wrong, records = mistake(self, model.family, model.product), nil
  if not wrong then records, wrong = cwe.verify(self.path .. ".part") end
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
