<?php
// userSig and privateMapKey, v1 (ECDSA-SHA256). PHP 7.2 or later with openssl and zlib.
// Prints both: php lianmai-ticket.php KEY.pem SDKAPPID USER ROOM PRIVILEGES EXPIRE

function lianmai_ticket(string $pem, int $sdkAppId, string $userId, int $expire, int $now, ?string $userBuf): string
{
    if (!preg_match('/^[A-Za-z0-9_-]{1,32}$/D', $userId)) {
        throw new InvalidArgumentException('userId');
    }
    $content = "TLS.appid_at_3rd:0\nTLS.account_type:0\nTLS.identifier:$userId\nTLS.sdk_appid:$sdkAppId\n"
        . "TLS.time:$now\nTLS.expire_after:$expire\n"
        . ($userBuf === null ? '' : "TLS.userbuf:$userBuf\n");
    if (!openssl_sign($content, $signature, openssl_pkey_get_private($pem), OPENSSL_ALGO_SHA256)) {
        throw new RuntimeException('signing failed');
    }
    $fields = [
        'TLS.account_type' => '0',
        'TLS.identifier' => $userId,
        'TLS.appid_at_3rd' => '0',
        'TLS.sdk_appid' => (string) $sdkAppId,
        'TLS.expire_after' => (string) $expire,
        'TLS.version' => '201512300000',
        'TLS.time' => (string) $now,
    ];
    if ($userBuf !== null) {
        $fields['TLS.userbuf'] = $userBuf;
    }
    $fields['TLS.sig'] = base64_encode($signature);
    return strtr(base64_encode(gzcompress(json_encode($fields))), '+/=', '*-_');
}

function lianmai_user_buf(int $sdkAppId, string $userId, int $roomId, int $privileges, int $expiresAt): string
{
    // n = 16 bits, N = 32 bits, both big-endian.
    return base64_encode(pack('Cn', 0, strlen($userId)) . $userId . pack('N5', $sdkAppId, $roomId, $expiresAt, $privileges, 0));
}

[, $file, $sdkAppId, $userId, $roomId, $privileges, $expire] = $argv;
$pem = file_get_contents($file);
$now = time();
echo lianmai_ticket($pem, (int) $sdkAppId, $userId, (int) $expire, $now, null), "\n";
$userBuf = lianmai_user_buf((int) $sdkAppId, $userId, (int) $roomId, (int) $privileges, $now + (int) $expire);
echo lianmai_ticket($pem, (int) $sdkAppId, $userId, (int) $expire, $now, $userBuf), "\n";
