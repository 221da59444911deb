//! Elements and their texts, each at most once.

use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64, Encoding as _};
use roxmltree::{Node, StringStorage};
use zeroize::Zeroizing;

use crate::provisioning::token::{TokenPart, TokenReason};

/// Names who defines an element.
#[derive(Clone, Copy)]
pub(super) enum Space {
    Pskc,
    /// XML Encryption.
    Xenc,
    /// The parts of a key derivation, whose namespaces writers do not agree on.
    Any,
}

impl Space {
    fn has(self, namespace: Option<&str>) -> bool {
        let name = match self {
            Self::Pskc => "urn:ietf:params:xml:ns:keyprov:pskc",
            Self::Xenc => "http://www.w3.org/2001/04/xmlenc#",
            Self::Any => return true,
        };
        namespace == Some(name)
    }
}

pub(super) fn is(node: Node<'_, '_>, space: Space, name: &str) -> bool {
    let tag = node.tag_name();
    node.is_element() && tag.name() == name && space.has(tag.namespace())
}

/// Returns the child with this name. Two are refused, as readers would not agree on one.
pub(super) fn child<'d, 'i>(
    node: Node<'d, 'i>,
    space: Space,
    name: &str,
    part: TokenPart,
) -> Result<Option<Node<'d, 'i>>, TokenReason> {
    let mut found = node.children().filter(|child| is(*child, space, name));
    match (found.next(), found.next()) {
        (first, None) => Ok(first),
        _ => Err(TokenReason::Twice { part }),
    }
}

/// Returns the child with this name, which must be there.
pub(super) fn needed<'d, 'i>(
    node: Node<'d, 'i>,
    space: Space,
    name: &str,
    part: TokenPart,
) -> Result<Node<'d, 'i>, TokenReason> {
    child(node, space, name, part)?.ok_or(TokenReason::Missing { part })
}

/// Returns the text of an element. A comment inside divides it into several nodes.
pub(super) fn text(node: Node<'_, '_>, part: TokenPart) -> Result<String, TokenReason> {
    if node.children().any(|child| child.is_element()) {
        return Err(TokenReason::Value { part });
    }
    let texts = node.children().filter(Node::is_text);
    Ok(texts.filter_map(|child| child.text()).collect())
}

/// Decodes the Base64 text of an element, with blanks anywhere.
///
/// What the XML reader had to put together itself is refused, as nobody could wipe it: text with
/// escapes or of several sections.
pub(super) fn bytes(
    node: Node<'_, '_>,
    part: TokenPart,
) -> Result<Zeroizing<Vec<u8>>, TokenReason> {
    let bad = || TokenReason::Value { part };
    let texts = node.children().filter(Node::is_text);
    let length = texts.filter_map(|child| child.text()).map(str::len).sum();
    let mut symbols = Zeroizing::new(String::with_capacity(length));
    for child in node.children() {
        match child.text_storage() {
            _ if child.is_element() => return Err(bad()),
            Some(StringStorage::Borrowed(text)) if child.is_text() => {
                symbols.extend(text.chars().filter(|c| !c.is_ascii_whitespace()));
            }
            Some(_) if child.is_text() => return Err(bad()),
            _ => {}
        }
    }
    let mut decoded = Zeroizing::new(alloc::vec![0; symbols.len()]);
    let length = Base64::decode(symbols.as_bytes(), &mut decoded)
        .map_err(|_| bad())?
        .len();
    decoded.truncate(length);
    match length {
        0 => Err(TokenReason::Missing { part }),
        _ => Ok(decoded),
    }
}
