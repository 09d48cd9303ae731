--- Names of QMI services and of the errors in QMI answers.
-- Source: libqmi 1.32, QmiService (qmi-enums.h) and QmiProtocolError (qmi-errors.h).
-- @module moonflash.protocol.qmi.names

local names = {}

--- Service numbers by name.
names.services = {
  ctl = 0x00, wds = 0x01, dms = 0x02, nas = 0x03, qos = 0x04, wms = 0x05, pds = 0x06, auth = 0x07,
  at = 0x08, voice = 0x09, cat2 = 0x0a, uim = 0x0b, pbm = 0x0c, qchat = 0x0d, rmtfs = 0x0e, test = 0x0f,
  loc = 0x10, sar = 0x11, ims = 0x12, adc = 0x13, csd = 0x14, mfs = 0x15, time = 0x16, ts = 0x17,
  tmd = 0x18, sap = 0x19, wda = 0x1a, tsync = 0x1b, rfsa = 0x1c, csvt = 0x1d, qcmap = 0x1e, imsp = 0x1f,
  imsvt = 0x20, imsa = 0x21, coex = 0x22, pdc = 0x24, stx = 0x26, bit = 0x27, imsrtp = 0x28, rfrpe = 0x29,
  dsd = 0x2a, ssctl = 0x2b, dpm = 0x2f, cat = 0xe0, rms = 0xe1, oma = 0xe2, fox = 0xe3, fota = 0xe6,
  gms = 0xe7, gas = 0xe8,
}

--- Error names by number.
names.errors = {
  [1] = "MalformedMessage", [2] = "NoMemory", [3] = "Internal", [4] = "Aborted", [5] = "ClientIdsExhausted",
  [6] = "UnabortableTransaction", [7] = "InvalidClientId", [8] = "NoThresholdsProvided",
  [9] = "InvalidHandle", [10] = "InvalidProfile", [11] = "InvalidPinId", [12] = "IncorrectPin",
  [13] = "NoNetworkFound", [14] = "CallFailed", [15] = "OutOfCall", [16] = "NotProvisioned",
  [17] = "MissingArgument", [19] = "ArgumentTooLong", [22] = "InvalidTransactionId", [23] = "DeviceInUse",
  [24] = "NetworkUnsupported", [25] = "DeviceUnsupported", [26] = "NoEffect", [27] = "NoFreeProfile",
  [28] = "InvalidPdpType", [29] = "InvalidTechnologyPreference", [30] = "InvalidProfileType",
  [31] = "InvalidServiceType", [32] = "InvalidRegisterAction", [33] = "InvalidPsAttachAction",
  [34] = "AuthenticationFailed", [35] = "PinBlocked", [36] = "PinAlwaysBlocked", [37] = "UimUninitialized",
  [38] = "MaximumQosRequestsInUse", [39] = "IncorrectFlowFilter", [40] = "NetworkQosUnaware",
  [41] = "InvalidQosId", [42] = "RequestedNumberUnsupported", [43] = "InterfaceNotFound",
  [44] = "FlowSuspended", [45] = "InvalidDataFormat", [46] = "GeneralError", [47] = "UnknownError",
  [48] = "InvalidArgument", [49] = "InvalidIndex", [50] = "NoEntry", [51] = "DeviceStorageFull",
  [52] = "DeviceNotReady", [53] = "NetworkNotReady", [54] = "WmsCauseCode", [55] = "WmsMessageNotSent",
  [56] = "WmsMessageDeliveryFailure", [57] = "WmsInvalidMessageId", [58] = "WmsEncoding",
  [59] = "AuthenticationLock", [60] = "InvalidTransition", [61] = "NotMcastInterface",
  [62] = "MaximumMcastRequestsInUse", [63] = "InvalidMcastHandle", [64] = "InvalidIpFamilyPreference",
  [65] = "SessionInactive", [66] = "SessionInvalid", [67] = "SessionOwnership",
  [68] = "InsufficientResources", [69] = "Disabled", [70] = "InvalidOperation", [71] = "InvalidQmiCommand",
  [72] = "WmsTPduType", [73] = "WmsSmscAddress", [74] = "InformationUnavailable", [75] = "SegmentTooLong",
  [76] = "SegmentOrder", [77] = "BundlingNotSupported", [78] = "OperationPartialFailure",
  [79] = "PolicyMismatch", [80] = "SimFileNotFound", [81] = "ExtendedInternal", [82] = "AccessDenied",
  [83] = "HardwareRestricted", [84] = "AckNotSent", [85] = "InjectTimeout", [90] = "IncompatibleState",
  [91] = "FdnRestrict", [92] = "SupsFailureCase", [93] = "NoRadio", [94] = "NotSupported",
  [95] = "NoSubscription", [96] = "CardCallControlFailed", [97] = "NetworkAborted", [98] = "MsgBlocked",
  [100] = "InvalidSessionType", [101] = "InvalidPbType", [102] = "NoSim", [103] = "PbNotReady",
  [104] = "PinRestriction", [105] = "Pin1Restriction", [106] = "PukRestriction", [107] = "Puk2Restriction",
  [108] = "PbAccessRestricted", [109] = "PbDeleteInProgress", [110] = "PbTextTooLong",
  [111] = "PbNumberTooLong", [112] = "PbHiddenKeyRestriction", [113] = "PbNotAvailable",
  [114] = "DeviceMemoryError", [115] = "NoPermission", [116] = "TooSoon", [117] = "TimeNotAcquired",
  [118] = "OperationInProgress", [388] = "FwWriteFailed", [389] = "FwInfoReadFailed",
  [390] = "FwFileNotFound", [391] = "FwDirNotFound", [392] = "FwAlreadyActivated",
  [393] = "FwCannotGenericImage", [400] = "FwFileOpenFailed", [401] = "FwUpdateDiscontinuousFrame",
  [402] = "FwUpdateFailed", [61441] = "CatEventRegistrationFailed", [61442] = "CatInvalidTerminalResponse",
  [61443] = "CatInvalidEnvelopeCommand", [61444] = "CatEnvelopeCommandBusy",
  [61445] = "CatEnvelopeCommandFailed",
}

--- The number of a service.
-- @tparam string|number word "dms", "DMS", 2 or "0x02"
-- @treturn ?number nil when there is no such service
function names.service_number(word)
  local number = names.services[tostring(word):lower()] or tonumber(word)
  return number and number >= 0 and number <= 255 and number % 1 == 0 and number or nil
end

--- The name of a service.
-- @tparam number service
-- @treturn ?string nil when the number has no name
function names.service_name(service)
  for name, number in pairs(names.services) do
    if number == service then return name end
  end
end

return names
