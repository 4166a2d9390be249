// What a payload codec finds around it: Buffer, console, a clock that stands at the uplink, chance that repeats itself.
// Run once in each fresh context, before the codec, in sloppy mode, as the makers' platforms do.
(function (global) {
  var RealDate = Date;
  global.__now = 0;
  global.__seed = 1;

  function PinnedDate(y, mo, d, h, mi, s, ms) {
    if (!(this instanceof PinnedDate)) return new RealDate(global.__now).toString();
    switch (arguments.length) {
      case 0: return new RealDate(global.__now);
      case 1: return new RealDate(y);
      default: return new RealDate(y, mo, d === undefined ? 1 : d, h || 0, mi || 0, s || 0, ms || 0);
    }
  }
  PinnedDate.now = function () { return global.__now; };
  PinnedDate.parse = RealDate.parse;
  PinnedDate.UTC = RealDate.UTC;
  PinnedDate.prototype = RealDate.prototype;
  global.Date = PinnedDate;
  Math.random = function () {
    global.__seed = (global.__seed * 48271) % 2147483647;
    return global.__seed / 2147483647;
  };

  var quiet = function () {};
  global.console = { log: quiet, info: quiet, warn: quiet, error: quiet, debug: quiet, trace: quiet };
  global.exports = {};
  global.module = { exports: global.exports };

  var BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  function unbase64(text) {
    var out = [], bits = 0, held = 0;
    for (var i = 0; i < text.length; i++) {
      var at = BASE64.indexOf({ '-': '+', _: '/' }[text[i]] || text[i]);
      if (at < 0) continue;
      held = ((held << 6) | at) & 0xfffff;
      bits += 6;
      if (bits >= 8) { bits -= 8; out.push((held >> bits) & 0xff); }
    }
    return out;
  }
  function bytesOf(what, encoding) {
    if (typeof what === 'number') return new Array(what).fill(0);
    if (typeof what !== 'string') return Array.prototype.slice.call(what);
    if (encoding === 'hex') return (what.match(/../g) || []).map(function (two) { return parseInt(two, 16); });
    if (encoding === 'base64') return unbase64(what);
    return unescape(encodeURIComponent(what)).split('').map(function (char) { return char.charCodeAt(0); });
  }
  function Buffer(what, encoding) { return Buffer.from(what, encoding); }
  Buffer.from = function (what, encoding) {
    var made = new Uint8Array(bytesOf(what, encoding));
    Object.setPrototypeOf(made, Buffer.prototype);
    return made;
  };
  Buffer.alloc = function (size) { return Buffer.from(size); };
  Buffer.isBuffer = function (what) { return what instanceof Buffer; };
  Buffer.concat = function (list) {
    return Buffer.from([].concat.apply([], list.map(function (one) { return Array.from(one); })));
  };
  Buffer.prototype = Object.create(Uint8Array.prototype);
  Buffer.prototype.constructor = Buffer;
  Buffer.prototype.slice = function (from, to) { return Buffer.from(Array.from(this).slice(from, to)); };
  Buffer.prototype.subarray = Buffer.prototype.slice;
  Buffer.prototype.toString = function (encoding, from, to) {
    var bytes = Array.from(this).slice(from || 0, to);
    if (encoding === 'hex') return bytes.map(function (byte) { return (byte + 256).toString(16).slice(1); }).join('');
    if (encoding === 'base64') {
      var out = '';
      for (var i = 0; i < bytes.length; i += 3) {
        var word = (bytes[i] << 16) | ((bytes[i + 1] || 0) << 8) | (bytes[i + 2] || 0);
        out += BASE64[(word >> 18) & 63] + BASE64[(word >> 12) & 63];
        out += i + 1 < bytes.length ? BASE64[(word >> 6) & 63] : '=';
        out += i + 2 < bytes.length ? BASE64[word & 63] : '=';
      }
      return out;
    }
    var text = String.fromCharCode.apply(null, bytes);
    try { return decodeURIComponent(escape(text)); } catch (err) { return text; }
  };
  function reader(method, size, little) {
    return function (at) {
      at = at || 0;
      if (at + size > this.length) throw new RangeError('offset ' + at + ' is outside of the payload');
      return new DataView(Uint8Array.from(this).buffer)[method](at, little);
    };
  }
  [['UInt8', 'getUint8', 1], ['Int8', 'getInt8', 1]].forEach(function (one) {
    Buffer.prototype['read' + one[0]] = reader(one[1], one[2], true);
  });
  [['UInt16', 'getUint16', 2], ['Int16', 'getInt16', 2], ['UInt32', 'getUint32', 4], ['Int32', 'getInt32', 4],
    ['Float', 'getFloat32', 4], ['Double', 'getFloat64', 8]].forEach(function (one) {
    Buffer.prototype['read' + one[0] + 'LE'] = reader(one[1], one[2], true);
    Buffer.prototype['read' + one[0] + 'BE'] = reader(one[1], one[2], false);
  });
  Object.getOwnPropertyNames(Buffer.prototype).forEach(function (name) {
    if (name.indexOf('readUInt') === 0) Buffer.prototype[name.replace('UInt', 'Uint')] = Buffer.prototype[name];
  });
  global.Buffer = Buffer;
  global.require = function (name) {
    if (name === 'buffer') return { Buffer: Buffer };
    throw new Error("require('" + name + "'): a codec has the language and Buffer, nothing else");
  };

  // After the codec has been loaded, with what it adds: from then on no call can leave anything behind in them.
  global.__seal = function () {
    [Object, Array, String, Number, Boolean, Function, RegExp, RealDate, Uint8Array, DataView, Buffer, Error, Math, JSON,
      Map, Set, Promise, Symbol, Reflect].forEach(function (one) {
      if (one.prototype) Object.freeze(one.prototype);
      Object.freeze(one);
    });
  };

  var toText = JSON.stringify, toObject = JSON.parse;
  global.__decode = function (text, now) {
    global.__now = now;
    global.__seed = 1;
    var input = toObject(text), out, exported = global.module.exports || {};
    input.recvTime = new RealDate(now);
    var uplink = typeof decodeUplink === 'function' ? decodeUplink : exported.decodeUplink;
    if (uplink) out = uplink(input);
    else if (typeof Decode === 'function') out = { data: Decode(input.fPort, input.bytes, {}) };
    else if (typeof Decoder === 'function') out = { data: Decoder(input.bytes, input.fPort) };
    else throw new Error('has none of decodeUplink, Decode, Decoder');
    return toText(out === undefined ? null : out);
  };
})(globalThis);
