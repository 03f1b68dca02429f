/** What one description of the other end may contain; anything above is refused as a whole. */
export interface SdpLimits {
  /** Characters of the text. A browser's video section takes about 6,500. */
  readonly maxLength: number;
  readonly maxLines: number;
  readonly maxLineLength: number;
  readonly maxSections: number;
  /** Payload types in one section. */
  readonly maxPayloadTypes: number;
  /** Header extensions in one section. */
  readonly maxExtensions: number;
  /** Simulcast encodings in one section. */
  readonly maxRids: number;
  /** Distinct SSRCs in one section. */
  readonly maxSsrcs: number;
}

export const DEFAULT_SDP_LIMITS: SdpLimits = {
  maxLength: 2_000_000,
  maxLines: 60_000,
  maxLineLength: 2_048,
  maxSections: 512,
  maxPayloadTypes: 96,
  maxExtensions: 32,
  maxRids: 4,
  maxSsrcs: 16,
};
