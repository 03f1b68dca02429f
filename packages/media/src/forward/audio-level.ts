/** RFC 6464: 127 means digital silence. */
const SILENCE = 127;
const LINEAR = Float64Array.from({ length: 128 }, (_, level) => (level === SILENCE ? 0 : 10 ** (-level / 20)));

/**
 * Loudness over an interval from the levels that clients write into audio packets (RFC 6464). Packets of silence and the
 * pauses of discontinuous transmission do not pull the average down: a short word counts as loud as it is.
 */
export class AudioLevel {
  #sum = 0;
  #active = 0;

  /** @param value the extension's byte: voice activity bit and level in −dBov. */
  add(value: number): void {
    const level = value & 0x7f;
    if (level === SILENCE) return;
    this.#sum += LINEAR[level]!;
    this.#active++;
  }

  /** Average of the interval, linear 0…1; starts the next one. */
  take(): number {
    const level = this.#active === 0 ? 0 : this.#sum / this.#active;
    this.#sum = 0;
    this.#active = 0;
    return level;
  }
}
