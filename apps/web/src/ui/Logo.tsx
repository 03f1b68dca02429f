/** The mark: two microphones, linked. */
export function LogoMark({ size = 32 }: { readonly size?: number }) {
  return (
    <svg className="logo-mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect className="logo-mark-ground" width="32" height="32" rx="9" />
      <g fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round">
        <rect x="7" y="6.5" width="9" height="15" rx="4.5" />
        <path d="M25 15.500v-.5a4.500 4.500 0 0 0-6.200-4.150M16 17.400v3.600a4.500 4.500 0 0 0 9 0v-1.200" />
        <path d="M11.500 21.500v4M20.500 25.500v1.500" opacity=".85" />
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
