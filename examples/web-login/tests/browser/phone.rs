//! A person's phone: reads the QR code from what the browser shows, and computes codes. Nothing of our library is in
//! it, neither the reader of QR codes nor that of key URIs nor the codes.

use fantoccini::Locator;
use totp_rs::{Builder, Secret, Totp};

use crate::harness::World;
use crate::harness::browser::Browser;

const QR: &str = ".qr svg";

pub(crate) struct Phone {
    totp: Totp,
    /// As it stands in the URI.
    pub(crate) key: String,
    pub(crate) uri: String,
    /// How far its clock is off, in seconds.
    pub(crate) clock_error: i64,
}

impl Phone {
    /// Takes a picture of the QR code in the page as it is drawn.
    pub(crate) async fn scan(browser: &Browser) -> Self {
        let element = browser
            .client
            .find(Locator::Css(QR))
            .await
            .expect("no QR code");
        let picture = element.screenshot().await.unwrap();
        Self::read(browser, &picture)
    }

    /// The same from a picture of all that the window shows.
    pub(crate) async fn scan_window(browser: &Browser) -> Self {
        browser
            .evaluate("document.querySelector('.qr svg').scrollIntoView({ block: 'center' })")
            .await;
        let picture = browser.client.screenshot().await.unwrap();
        Self::read(browser, &picture)
    }

    fn read(browser: &Browser, picture: &[u8]) -> Self {
        let uri = decode(picture);
        let totp = Totp::from_url(&uri).expect("no authenticator would take this URI");
        let url = url::Url::parse(&uri).unwrap();
        let key = url
            .query_pairs()
            .find(|(name, _)| name == "secret")
            .unwrap()
            .1
            .into_owned();
        browser.knows(&key);
        Self {
            totp,
            key,
            uri,
            clock_error: 0,
        }
    }

    /// The other way, for a person without a camera: the key typed as it stands on the page, blanks and all.
    pub(crate) async fn type_key(browser: &Browser) -> Self {
        Self::read_key(browser, &browser.text_of("#key").await)
    }

    pub(crate) fn read_key(browser: &Browser, shown: &str) -> Self {
        let key: String = shown
            .chars()
            .filter(|character| !character.is_whitespace())
            .collect();
        browser.knows(&key);
        let totp = Builder::new()
            .with_secret(Secret::try_from_base32(&key).unwrap())
            .build()
            .unwrap();
        Self {
            totp,
            key,
            uri: String::new(),
            clock_error: 0,
        }
    }

    /// The code it shows now.
    pub(crate) fn code(&self, world: &World) -> String {
        self.code_at(world, 0)
    }

    /// The code it will show so many steps later.
    pub(crate) fn code_at(&self, world: &World, steps: i64) -> String {
        let time = world
            .clock
            .now()
            .checked_add_signed(self.clock_error + 30 * steps)
            .unwrap();
        let code = self.totp.generate(time).to_string();
        world.secrets.add(&code);
        code
    }

    /// A code that it shows at no time near.
    pub(crate) fn wrong_code(&self, world: &World) -> String {
        let near: Vec<String> = (-130..=130)
            .map(|steps| {
                let time = world.clock.now().checked_add_signed(30 * steps).unwrap();
                self.totp.generate(time).to_string()
            })
            .collect();
        (0..)
            .map(|number| format!("{number:06}"))
            .find(|code| !near.contains(code))
            .unwrap()
    }
}

fn decode(picture: &[u8]) -> String {
    let mut reader = png::Decoder::new(std::io::Cursor::new(picture));
    reader.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = reader.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    let (width, height, samples) = (
        frame.width as usize,
        frame.height as usize,
        frame.color_type.samples(),
    );
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        let pixel = &pixels[y * frame.line_size + x * samples..][..samples.min(3)];
        u8::try_from(pixel.iter().map(|&part| usize::from(part)).sum::<usize>() / pixel.len())
            .unwrap()
    });
    let codes = image.detect_grids();
    assert_eq!(codes.len(), 1, "QR codes in the picture");
    codes[0].decode().expect("an unreadable QR code").1
}
