<?php
// HTTP
define('HTTP_SERVER', 'http://shop.example.com/');

// HTTPS
define('HTTPS_SERVER', 'https://shop.example.com/');

// DIR
define('DIR_APPLICATION', '/var/www/shop/catalog/');
define('DIR_SYSTEM', '/var/www/shop/system/');
define('DIR_IMAGE', '/var/www/shop/image/');

// DB
define('DB_DRIVER', 'mysqli');
define('DB_HOSTNAME', '127.0.0.1');
define('DB_USERNAME', 'shop');
define('DB_PASSWORD', 'a"b$c');
define('DB_DATABASE', 'shop23');
define('DB_PORT', '3306');
define('DB_PREFIX', 'oc_');
