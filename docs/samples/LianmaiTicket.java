import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.zip.Deflater;

/** userSig and privateMapKey, v1 (ECDSA-SHA256). Java 11 or later, no dependencies. */
public final class LianmaiTicket {
  private LianmaiTicket() {}

  public static String userSig(PrivateKey key, long sdkAppId, String userId, long expire, long now) throws Exception {
    return ticket(key, sdkAppId, userId, expire, now, null);
  }

  public static String privateMapKey(
      PrivateKey key, long sdkAppId, String userId, long roomId, int privileges, long expire, long now) throws Exception {
    byte[] account = userId.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer buf = ByteBuffer.allocate(23 + account.length); // big-endian is ByteBuffer's default
    buf.put((byte) 0).putShort((short) account.length).put(account);
    buf.putInt((int) sdkAppId).putInt((int) roomId).putInt((int) (now + expire)).putInt(privileges).putInt(0);
    return ticket(key, sdkAppId, userId, expire, now, Base64.getEncoder().encodeToString(buf.array()));
  }

  private static String ticket(PrivateKey key, long sdkAppId, String userId, long expire, long now, String userBuf)
      throws Exception {
    if (!userId.matches("[A-Za-z0-9_-]{1,32}")) throw new IllegalArgumentException("userId");
    String content = "TLS.appid_at_3rd:0\nTLS.account_type:0\nTLS.identifier:" + userId + "\nTLS.sdk_appid:" + sdkAppId
        + "\nTLS.time:" + now + "\nTLS.expire_after:" + expire + "\n"
        + (userBuf == null ? "" : "TLS.userbuf:" + userBuf + "\n");
    Signature signer = Signature.getInstance("SHA256withECDSA");
    signer.initSign(key);
    signer.update(content.getBytes(StandardCharsets.UTF_8));
    String sig = Base64.getEncoder().encodeToString(signer.sign());
    String json = "{\"TLS.account_type\":\"0\",\"TLS.identifier\":\"" + userId + "\",\"TLS.appid_at_3rd\":\"0\",\"TLS.sdk_appid\":\""
        + sdkAppId + "\",\"TLS.expire_after\":\"" + expire + "\",\"TLS.version\":\"201512300000\",\"TLS.time\":\"" + now + "\""
        + (userBuf == null ? "" : ",\"TLS.userbuf\":\"" + userBuf + "\"") + ",\"TLS.sig\":\"" + sig + "\"}";
    Deflater deflater = new Deflater();
    deflater.setInput(json.getBytes(StandardCharsets.UTF_8));
    deflater.finish();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] chunk = new byte[512];
    while (!deflater.finished()) out.write(chunk, 0, deflater.deflate(chunk)); // loop: one call may not take it all
    return Base64.getEncoder().encodeToString(out.toByteArray()).replace('+', '*').replace('/', '-').replace('=', '_');
  }

  /** Prints a userSig and a privateMapKey: java LianmaiTicket.java KEY.pem SDKAPPID USER ROOM PRIVILEGES EXPIRE */
  public static void main(String[] args) throws Exception {
    String pem = Files.readString(Path.of(args[0])).replaceAll("-----[A-Z ]+-----|\\s", "");
    PrivateKey key = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
    long now = System.currentTimeMillis() / 1000;
    long expire = Long.parseLong(args[5]);
    System.out.println(userSig(key, Long.parseLong(args[1]), args[2], expire, now));
    System.out.println(privateMapKey(
        key, Long.parseLong(args[1]), args[2], Long.parseLong(args[3]), Integer.parseInt(args[4]), expire, now));
  }
}
