/** What `enableVideo` and `enableAudio` switched off: one's own, for all; another's, on this phone alone. */
export class Wishes {
  #cameraOff = false;
  #microphoneOff = false;
  #deaf = new Set<string>();
  #blind = new Set<string>();

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

  /** User ids whose picture is not shown here. */
  get blind(): ReadonlySet<string> {
    return this.#blind;
  }

  /** @param userId empty or one's own: one's own camera */
  video(on: boolean, userId: string, selfId: string): void {
    if (userId === '' || userId === selfId) this.#cameraOff = !on;
    else if (on) this.#blind.delete(userId);
    else this.#blind.add(userId);
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
    this.#blind = new Set();
  }
}
