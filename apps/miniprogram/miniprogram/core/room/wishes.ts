/** What `enableVideo` and `enableAudio` switched: one's own, for all; another's, on this phone alone. */
export class Wishes {
  #cameraOff = false;
  #microphoneOff = false;
  #deaf = new Set<string>();
  /** Others whose picture was asked for (`true`) or away (`false`); about the rest `autoplay` decides. */
  #pictures = new Map<string, boolean>();

  get cameraOff(): boolean {
    return this.#cameraOff;
  }

  get microphoneOff(): boolean {
    return this.#microphoneOff;
  }

  /** User ids whose sound is not played here. */
  get deaf(): ReadonlySet<string> {
    return this.#deaf;
  }

  /** Whether another's picture is shown here. */
  shows(userId: string, autoplay: boolean): boolean {
    return this.#pictures.get(userId) ?? autoplay;
  }

  /** @param userId empty or one's own: one's own camera */
  video(on: boolean, userId: string, selfId: string): void {
    if (userId === '' || userId === selfId) this.#cameraOff = !on;
    else this.#pictures.set(userId, on);
  }

  /** @param userId empty or one's own: one's own microphone */
  audio(on: boolean, userId: string, selfId: string): void {
    if (userId === '' || userId === selfId) this.#microphoneOff = !on;
    else if (on) this.#deaf.delete(userId);
    else this.#deaf.add(userId);
  }

  clear(): void {
    this.#cameraOff = false;
    this.#microphoneOff = false;
    this.#deaf = new Set();
    this.#pictures = new Map();
  }
}
