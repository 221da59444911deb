//! Reads a table of tokens.

use alloc::vec::Vec;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use zeroize::Zeroizing;

use super::columns::Layout;
use super::error::CsvError;
use super::row::Row;
use crate::codes::Parameters;
use crate::provisioning::token::{Token, TokenError, TokenPart, TokenReason};

/// Each row has a result, which takes more memory than a short row. 16 MiB of tokens have fewer.
const MAX_ROWS: usize = 1 << 19;

impl Token {
    /// Reads a table of comma-separated values, which a vendor sends with hardware tokens.
    ///
    /// What a line does not say is as in `defaults`: many tables say neither the digits nor whether
    /// the tokens count time or codes. There is one result for each line, and a bad line hides no
    /// other one. Lines may be separated by semicolons or tabs too. `#` begins a comment.
    ///
    /// * The first line may name the columns, as in the tables for Microsoft Entra ID: `upn, serial
    ///   number, secret key, time interval, manufacturer, model`. They may have any order. Columns
    ///   of other names are passed over.
    /// * Without such a line they are `serial, secret, type, digits, period or counter, hash`. All
    ///   from the type on may be missing. LinOTP, privacyIDEA and NetIQ read the same.
    /// * The log of Yubico's personalization tool in its "traditional" form is read too.
    ///
    /// A secret is hexadecimal or Base32, and has 128 bits or more: a shorter one is likely another
    /// column. Wipe the file afterwards.
    ///
    /// ```
    /// use secondfactor::codes::{Digits, Parameters};
    /// use secondfactor::provisioning::Token;
    ///
    /// let file = "serial number,secret key,time interval,manufacturer\n\
    ///             10001001,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,60,Acme\n\
    ///             10001002,too short,60,Acme\n";
    /// let defaults = Parameters::DEFAULT.with_digits(Digits::Six);
    /// let tokens = Token::read_csv(file.as_bytes(), defaults)?;
    /// let (good, bad): (Vec<_>, Vec<_>) = tokens.into_iter().partition(Result::is_ok);
    /// assert_eq!((good.len(), bad.len()), (1, 1));
    /// # Ok::<(), secondfactor::provisioning::CsvError>(())
    /// ```
    ///
    /// # Errors
    /// [`CsvError`] if the file is too large or not in UTF-8, or its header can't be understood.
    pub fn read_csv(
        file: &[u8],
        defaults: Parameters,
    ) -> Result<Vec<Result<Self, TokenError>>, CsvError> {
        if file.len() > Self::MAX_FILE_LEN {
            return Err(CsvError::TooLarge);
        }
        let text = core::str::from_utf8(file).map_err(|_| CsvError::Encoding)?;
        let mut rows = Rows::new(text.strip_prefix('\u{feff}').unwrap_or(text));
        let mut layout = None;
        let mut tokens = Vec::new();
        while let Some((number, fields)) = rows.next_row() {
            if matches!(&fields, Ok(fields) if fields.iter().all(|field| field.trim().is_empty())) {
                continue;
            }
            let is_first = layout.is_none();
            let layout = match &layout {
                Some(layout) => layout,
                None => layout.insert(Layout::read(fields.as_deref().unwrap_or_default())?),
            };
            if is_first && matches!(layout, Layout::Header(_)) {
                continue;
            }
            if tokens.len() == MAX_ROWS {
                return Err(CsvError::TooLarge);
            }
            let token = fields.and_then(|fields| read_row(layout, &fields, defaults));
            tokens.push(token.map_err(|reason| TokenError::of_line(number, reason)));
        }
        Ok(tokens)
    }
}

fn read_row(layout: &Layout, fields: &[&str], defaults: Parameters) -> Result<Token, TokenReason> {
    let (columns, may_have_more) = layout.of(fields);
    let more = fields.get(columns.len()..).unwrap_or_default();
    if !may_have_more && more.iter().any(|field| !field.trim().is_empty()) {
        return Err(TokenReason::Value {
            part: TokenPart::Columns,
        });
    }
    Row::new(columns, fields).token(defaults)
}

/// Reads a table row by row into a buffer of its own, which is wiped.
struct Rows<'t> {
    reader: Reader,
    rest: &'t [u8],
    /// So many lines were read.
    lines: u64,
    /// The last byte that was read.
    last: u8,
    fields: Zeroizing<Vec<u8>>,
}

impl<'t> Rows<'t> {
    /// A row with more fields is none of a table of tokens.
    const MAX_FIELDS: usize = 64;

    fn new(text: &'t str) -> Self {
        let first = text
            .lines()
            .find(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let first = first.unwrap_or_default();
        let count = |delimiter: &u8| first.bytes().filter(|byte| byte == delimiter).count();
        // The comma wins a draw, as the last one.
        let delimiter = [b'\t', b';', b','].into_iter().max_by_key(count);
        let mut builder = ReaderBuilder::new();
        builder
            .comment(Some(b'#'))
            .delimiter(delimiter.unwrap_or(b','));
        Self {
            reader: builder.build(),
            rest: text.as_bytes(),
            lines: 0,
            last: 0,
            fields: Zeroizing::new(alloc::vec![0; text.len()]),
        }
    }

    /// Returns the next row, with the number of the line that it ends in.
    fn next_row(&mut self) -> Option<(u64, Result<Vec<&str>, TokenReason>)> {
        let (before, mut ends) = (self.rest, [0; Self::MAX_FIELDS]);
        let (mut written, mut count, mut is_long) = (0_usize, 0_usize, false);
        loop {
            let output = self.fields.get_mut(written..).unwrap_or_default();
            let free = ends.get_mut(count..).unwrap_or_default();
            let (result, read, wrote, ended) = self.reader.read_record(self.rest, output, free);
            self.rest = self.rest.get(read..).unwrap_or_default();
            written = written.saturating_add(wrote);
            count = count.saturating_add(ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputEndsFull => (is_long, count) = (true, 0),
                ReadRecordResult::Record => break,
                ReadRecordResult::OutputFull | ReadRecordResult::End => return None,
            }
        }
        let read = before.len().saturating_sub(self.rest.len());
        let line = self.count_lines(before.get(..read).unwrap_or_default());
        if is_long {
            return Some((
                line,
                Err(TokenReason::Value {
                    part: TokenPart::Columns,
                }),
            ));
        }
        let mut start = 0;
        let fields = ends.iter().take(count).map(|end| {
            let field = self.fields.get(start..*end).unwrap_or_default();
            start = *end;
            core::str::from_utf8(field).unwrap_or_default()
        });
        Some((line, Ok(fields.collect())))
    }

    /// Counts the lines of what was read, and returns the one that it ends in. A line ends with `\r`,
    /// `\n` or both.
    fn count_lines(&mut self, read: &[u8]) -> u64 {
        let end = read.trim_ascii_end().len();
        let mut line = self.lines;
        for (at, byte) in read.iter().enumerate() {
            let is_end = *byte == b'\r' || (*byte == b'\n' && self.last != b'\r');
            self.lines = self.lines.saturating_add(u64::from(is_end));
            self.last = *byte;
            if at < end {
                line = self.lines;
            }
        }
        line.saturating_add(1)
    }
}
