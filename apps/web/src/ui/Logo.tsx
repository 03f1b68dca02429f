/** The mark: two microphones linked by a cable, and a smile. */
export function LogoMark({ size = 32 }: { readonly size?: number }) {
  return (
    <svg className="logo-mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect className="logo-mark-ground" width="32" height="32" rx="9" />
      <g fill="none" stroke="#fff" strokeWidth="2.5" strokeLinecap="round">
        <rect x="6.5" y="6" width="8" height="13" rx="4" />
        <rect x="17.5" y="6" width="8" height="13" rx="4" />
        <path d="M10.5 22.5c0 4.7 11 4.7 11 0" />
      </g>
    </svg>
  );
}

/** Mark and name. The name is the same in every language. */
export function Logo() {
  return (
    <span className="logo">
      <LogoMark />
      <span className="logo-name">
        Lianmai <span lang="zh-CN">连麦</span>
      </span>
    </span>
  );
}
