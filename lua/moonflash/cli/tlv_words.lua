--- TLVs as words: `0x01 02 00 0x10 ff`, `0x01 0200 0x10 ff`.
-- @module moonflash.cli.tlv_words

local failure = require "moonflash.base.failure"

local tlv_words = {}

local function wrong(word)
  return nil, failure.new("usage", "the TLVs cannot be read", {
    evidence = "at " .. word, hint = "write 0xTT and then the bytes in hex: 0x01 02 0x10 ff",
  })
end

--- Parses the words.
-- @tparam table words
-- @tparam table bytes moonflash.core.bytes
-- @treturn table array of { type, bytes }, or nil and a failure
function tlv_words.parse(words, bytes)
  local tlvs = {}
  for _, word in ipairs(words) do
    local kind = word:match "^0[xX](%x%x?)$"
    local data = not kind and bytes.from_hex(word)
    if kind then
      tlvs[#tlvs + 1] = { tonumber(kind, 16), "" }
    elseif data and tlvs[1] then
      tlvs[#tlvs][2] = tlvs[#tlvs][2] .. data
    else
      return wrong(word)
    end
  end
  for _, tlv in ipairs(tlvs) do
    if tlv[2] == "" then return wrong("TLV 0x" .. bytes.hex_number(tlv[1], 2) .. ", which has no bytes") end
  end
  return tlvs
end

return tlv_words
