/**
 * For `axiosOverride`: the request fails after `silenceMs` without an answer. Each call carries these options itself, since another `new B2()`
 * in this process would replace options given there.
 */
export function silenceLimit(silenceMs: number) {
  return { ...ALWAYS, timeout: silenceMs };
}

/** The same, and the whole request fails after `limitMs`. */
export function timeLimit(limitMs: number) {
  return { ...silenceLimit(limitMs), signal: AbortSignal.timeout(limitMs) };
}

/**
 * For a request with content: fails after `silenceMs` in which nothing was sent, and after `limitMs` in any case. Not by `timeout`,
 * which axios counts from the beginning of the request until its answer.
 */
export function uploadLimit(limitMs: number, silenceMs: number) {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), silenceMs);
  return {
    axiosOverride: {
      ...ALWAYS,
      signal: AbortSignal.any([AbortSignal.timeout(limitMs), silence.signal]),
      onUploadProgress: () => void timer.refresh(),
    },
    end: () => clearTimeout(timer),
  };
}

const ALWAYS = {
  // Tokens go to no other address.
  maxRedirects: 0,
  // The library would send again to the same upload URL, which B2 forbids.
  'axios-retry': { retries: 0 },
};
