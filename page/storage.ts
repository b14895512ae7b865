/**
 * The browser's storage, which can be full or switched off. Then these values are lost on reload, but a change that succeeded must not look
 * like a failure.
 */
type Area = 'sessionStorage' | 'localStorage';

export function readStored(area: Area, key: string): string | null {
  try {
    return globalThis[area].getItem(key);
  } catch {
    return null;
  }
}

export function writeStored(area: Area, key: string, text: string): void {
  try {
    globalThis[area].setItem(key, text);
  } catch {}
}
