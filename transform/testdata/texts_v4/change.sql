-- include order_v4.sql
-- read
-- Entities are decoded once; 4-byte characters, right to left, NUL, line separators and control characters arrive as they are.
UPDATE oc_order SET comment = '&lt;b&gt; &amp;amp; &amp;lt; &#039;x&#039; &quot;y&quot; &nbsp; &eacute;' WHERE order_id = 7;
-- read
UPDATE oc_order SET comment = CONVERT(x'F09F9388202F20D7A9D79CD795D7AD202F20E280AEE280AC202F2000202F20E280A8E280A9202F2008090A0B0C0D1B7F' USING utf8mb4) WHERE order_id = 7;
-- read
UPDATE oc_order SET comment = 'a\\b "c" </script>\r\nd', firstname = '', lastname = '  ' WHERE order_id = 7;
-- read
-- Bytes that are no UTF-8.
ALTER TABLE oc_order MODIFY comment blob;
UPDATE oc_order SET comment = x'61FF62C3' WHERE order_id = 7;
